// The test run without waiting: reasons open below their row, a wrong answer is corrected in its place, rows are sorted.
// All of it works without this script, only slower.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const rowsOf = (table) => all("tr[data-hr-row]", table);
  const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);

  // --- Reasons below a row ---

  async function ask(address, options = {}) {
    const answer = await fetch(address, { credentials: "same-origin", ...options });
    // A redirect leads to the login.
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // All texts stand in the page once; only one of them is sent.
  function fieldsOf(form, { index, name }) {
    const fields = new FormData();
    for (const kept of ["csrfmiddlewaretoken", "version"]) fields.set(kept, form.elements[kept].value);
    fields.set("texts", JSON.stringify([JSON.parse(form.elements.texts.value)[index]]));
    fields.set("place", index);
    fields.set(name, 0);
    return fields;
  }

  const find = (opener) =>
    opener.href
      ? ask(opener.href)
      : ask(opener.formAction, { method: "POST", body: fieldsOf(opener.form, { index: opener.value, name: "why" }) });

  async function toggleWhy(opener) {
    const row = opener.closest("tr");
    const open = row.nextElementSibling;
    if (open?.matches(".hr-whyrow")) {
      open.remove();
      return opener.setAttribute("aria-expanded", "false");
    }
    if (opener.dataset.hrAsked) return;
    opener.dataset.hrAsked = "1";
    let part = null;
    try {
      part = (await find(opener)).querySelector("[data-hr-whypart]");
    } catch {
      // The page itself says what is wrong.
    }
    delete opener.dataset.hrAsked;
    if (!part) return leave(opener);
    const below = document.createElement("tr");
    below.className = "hr-whyrow";
    below.insertCell().colSpan = row.closest("table").tHead.rows[0].cells.length;
    below.cells[0].append(document.adoptNode(part));
    row.after(below);
    opener.setAttribute("aria-expanded", "true");
  }

  function leave(opener) {
    if (opener.href) return location.assign(opener.href);
    opener.form.dataset.hrLeaving = "1";
    opener.form.requestSubmit(opener);
  }

  // --- Corrections in their place ---

  async function correct(form, button) {
    const isUndo = button.name === "undo";
    const index = isUndo ? button.value : form.querySelector("[name=row]:checked")?.value;
    const trouble = form.querySelector("[data-hr-trouble]");
    trouble.hidden = index !== undefined;
    if (index === undefined) return (trouble.textContent = "Choose a text first.");
    const fields = fieldsOf(form, { index, name: isUndo ? "undo" : "row" });
    if (!isUndo) fields.set("label", button.value);
    try {
      const page = await ask(isUndo ? button.formAction : form.action, { method: "POST", body: fields });
      const standing = form.querySelector(`[data-hr-standing="${index}"]`);
      // The place itself stays, so that what changes in it is read out.
      standing.replaceChildren(...document.adoptNode(page.querySelector("[data-hr-standing]")).childNodes);
    } catch {
      trouble.textContent = "That didn't get through. Press it again; if that doesn't help, try the texts again.";
      trouble.hidden = false;
    }
    // The button may be gone: the keys go on from the text.
    form.querySelector(`#hr-row-${index}`)?.focus({ preventScroll: true });
  }

  function guard(form) {
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (form.dataset.hrLeaving) return delete form.dataset.hrLeaving;
      event.preventDefault();
      if (button?.matches("[data-hr-why]")) toggleWhy(button);
      else if (button) correct(form, button);
    });
    form.addEventListener("keydown", (event) => {
      const row = event.target.matches("[name=row]") && event.target.closest("tr");
      if (!row || !isPlain(event) || event.repeat) return;
      const key = event.key.toLowerCase();
      const byKey = { w: "[data-hr-why]", u: "[name=undo]" };
      const button = byKey[key]
        ? row.querySelector(byKey[key])
        : all("[data-hr-key]", form).find((each) => each.dataset.hrKey === key);
      if (!button && key !== "enter") return;
      event.preventDefault();
      button?.click();
    });
  }

  // --- Order ---

  function offerSorting(head) {
    const table = head.closest("table");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "hr-sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const isUp = button.dataset.hrOrder !== "up";
      for (const other of all("[data-hr-order]", table)) delete other.dataset.hrOrder;
      button.dataset.hrOrder = isUp ? "up" : "down";
      for (const other of all("[aria-sort]", table)) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      const name = head.dataset.hrSort;
      const compare = (a, b) => a.dataset[name].localeCompare(b.dataset[name], undefined, { numeric: true });
      for (const row of rowsOf(table).sort((a, b) => (isUp ? compare(a, b) : compare(b, a)))) {
        const below = row.nextElementSibling;
        row.parentElement.append(row);
        if (below?.matches(".hr-whyrow")) row.after(below);
      }
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    all("[data-hr-tried]").forEach(guard);
    all("th[data-hr-sort]").forEach(offerSorting);
    document.addEventListener("click", (event) => {
      const opener = event.target.closest("a[data-hr-why]");
      if (!opener || !isPlain(event)) return;
      event.preventDefault();
      toggleWhy(opener);
    });
  });
})();
