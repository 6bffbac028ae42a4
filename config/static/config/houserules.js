// Makes pages that work without it quicker: live progress, keys, copying, one click one request.
"use strict";

(() => {
  const POLL_MS = 1000;

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A card with data-hr-poll is replaced by what its address answers, until that has data-hr-finished.
  async function poll(card) {
    if (!card.dataset.hrPoll) return;
    await new Promise((done) => setTimeout(done, POLL_MS));
    if (!card.isConnected) return;
    let next = null;
    try {
      const answer = await fetch(card.dataset.hrPoll, { credentials: "same-origin" });
      if (answer.redirected) return location.reload();
      if (answer.ok) {
        next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".hr-progress");
      }
    } catch {
      // The server may be restarting: ask again.
    }
    if (!next) return poll(card);
    if ("hrFinished" in next.dataset) return location.reload();
    const hadFocus = card.contains(document.activeElement);
    card.replaceWith(next);
    if (hadFocus) next.querySelector("button")?.focus();
    return poll(next);
  }

  function isTyping(target) {
    return target.matches("input, textarea, select, [contenteditable]");
  }

  function pressKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const wanted = all("[data-hr-key]").find((element) => element.dataset.hrKey === event.key.toLowerCase());
    if (!wanted || wanted.disabled) return;
    event.preventDefault();
    wanted.click();
  }

  // A second click on a form that is under way does nothing; where that takes long, the button says data-hr-wait.
  // Coming back by the back button makes it usable again.
  function once(form) {
    let restore = () => {};
    form.addEventListener("submit", (event) => {
      if (form.dataset.hrSent) return event.preventDefault();
      form.dataset.hrSent = "1";
      const button = form.dataset.hrWait && event.submitter;
      if (!button) return;
      const name = button.textContent;
      button.textContent = form.dataset.hrWait;
      restore = () => (button.textContent = name);
    });
    window.addEventListener("pageshow", () => {
      delete form.dataset.hrSent;
      restore();
    });
  }

  function offerCopy(button) {
    const source = document.getElementById(button.dataset.hrCopy);
    if (!source || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      const name = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = name), 1500);
    });
  }

  // New rows hide behind a button; without this script they simply stand there, empty.
  function foldNewLabels(box) {
    const form = box.closest("form");
    const template = form.querySelector("[data-hr-label-template]");
    const add = form.querySelector("[data-hr-add-label]");
    const total = form.querySelector(`[name="${box.dataset.hrLabels}-TOTAL_FORMS"]`);
    if (!template || !add) return;
    const palette = template.dataset.hrColors.split(" ");
    add.hidden = false;
    add.addEventListener("click", () => {
      const index = Number(total.value);
      box.insertAdjacentHTML("beforeend", template.innerHTML.replaceAll("__prefix__", index));
      total.value = index + 1;
      const row = box.lastElementChild;
      const numbers = all("[data-hr-number]", box).map((badge) => Number(badge.textContent));
      row.querySelector("[data-hr-number]").textContent = Math.max(-1, ...numbers.slice(0, -1)) + 1;
      row.querySelector("[type=color]").value = palette[index % palette.length];
      row.querySelector("[type=text]").focus();
    });
  }

  function proposeKey(source) {
    const key = document.getElementById(source.dataset.hrKeySource);
    let isOwn = key.value !== "";
    key.addEventListener("input", () => (isOwn = key.value !== ""));
    source.addEventListener("input", () => {
      if (isOwn) return;
      const plain = source.value.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
      key.value = plain.replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "").slice(0, 50);
    });
  }

  function showChosenFile(drop) {
    const input = drop.querySelector("input[type=file]");
    const words = drop.querySelector("span:not(.material-symbols-outlined)");
    drop.classList.add("hr-drop--scripted");
    // The theme's script would look for its own markup around the input.
    input.hasChangeListener = true;
    input.addEventListener("change", () => {
      if (!input.files.length) return;
      const mostBytes = Number(input.dataset.hrMaxBytes);
      const isTooLarge = mostBytes > 0 && input.files[0].size > mostBytes;
      // The form isn't sent then, and the browser says why.
      input.setCustomValidity(isTooLarge ? `The file is larger than ${mostBytes / 1e6} MB. Split it and upload the parts one after the other.` : "");
      words.textContent = isTooLarge ? `${input.files[0].name}: ${input.validationMessage}` : input.files[0].name;
      drop.classList.add("hr-drop--chosen");
    });
    for (const name of ["dragenter", "dragleave", "drop"]) {
      input.addEventListener(name, () => drop.classList.toggle("hr-drop--over", name === "dragenter"));
    }
  }

  function markColumns(table) {
    const selects = all("[data-hr-column]");
    const heads = all("th", table);
    const mark = () => {
      for (const head of heads) head.classList.remove("hr-is-text", "hr-is-label");
      for (const select of selects) heads[Number(select.value)]?.classList.toggle(`hr-is-${select.dataset.hrColumn}`, select.value !== "");
    };
    for (const select of selects) select.addEventListener("change", mark);
  }

  document.addEventListener("DOMContentLoaded", () => {
    all("[data-hr-poll]").forEach(poll);
    all("[data-hr-once]").forEach(once);
    all("[data-hr-copy]").forEach(offerCopy);
    all("[data-hr-labels]").forEach(foldNewLabels);
    all("[data-hr-key-source]").forEach(proposeKey);
    all("[data-hr-drop]").forEach(showChosenFile);
    all("[data-hr-preview]").forEach(markColumns);
    all("[data-select-on-focus]").forEach((field) => field.addEventListener("focus", () => field.select()));
    if (document.querySelector("[data-hr-key]")) document.addEventListener("keydown", pressKey);
  });
})();
