// The labelling screen without waiting: the next texts are here before they are needed, answers are sent in the
// background and in order (outbox.js). The page works without it.
"use strict";

(() => {
  // How many texts lie ready behind the one that is shown.
  const AHEAD = 2;
  // Their answer decides what is shown: nothing else can be done meanwhile.
  const BLOCKING = ["undo", "text"];
  // A text is kept for a person for some minutes; as long as the page is looked at it's held on.
  const KEEP_MS = 120_000;
  const TABS_MS = 10_000;
  const SPOKEN_CHARS = 600;

  const desk = document.querySelector("[data-hr-desk]");
  const place = desk.querySelector("[data-hr-place]");
  const spoken = desk.querySelector("[data-hr-spoken]");
  const keys = desk.querySelector("[data-hr-keys]");
  const outbox = new window.HrOutbox({ url: desk.dataset.hrDesk, onAnswer: take, onTrouble: tellTrouble, complete });
  const ahead = [];
  let end = null;
  let isBlocked = false;
  let isTroubled = false;
  let tabsAt = Date.now();

  const card = () => place.querySelector("[data-hr-card]");
  const tell = (sentence) => (desk.querySelector("[data-hr-status]").textContent = sentence);
  const isEdited = (form) => {
    const text = form.querySelector("[name=text]");
    return text !== null && text.value !== form.querySelector("[data-hr-words]").textContent;
  };

  // --- What is shown ---

  function show(next) {
    const areNumbersOpen = place.querySelector("[data-hr-numbers]")?.open;
    place.replaceChildren(next ?? end ?? desk.querySelector("[data-hr-waiting]").content.cloneNode(true));
    if (areNumbersOpen) place.querySelector("[data-hr-numbers]")?.setAttribute("open", "");
    spoken.textContent = (place.querySelector("[data-hr-words]") ?? place).textContent.slice(0, SPOKEN_CHARS);
    if (place.getBoundingClientRect().top < 0) desk.scrollIntoView();
    showRule();
    focusChoice();
  }

  // What belongs under the chosen label, in full.
  function showRule() {
    const panel = place.querySelector("[data-hr-rule]");
    const chosen = place.querySelector("[name=label]:checked")?.closest("[data-hr-choice]");
    const rule = chosen?.querySelector(".hr-choice__rule");
    if (!panel) return;
    panel.hidden = !rule;
    if (!rule) return;
    const name = chosen.querySelector(".hr-choice__name").textContent;
    panel.querySelector("[data-hr-rule-name]").textContent = `What belongs under ${name}`;
    panel.querySelector("[data-hr-rule-text]").textContent = rule.textContent;
  }

  function focusChoice() {
    const choices = [...place.querySelectorAll("[name=label]")];
    (choices.find((choice) => choice.checked) ?? choices[0])?.focus({ preventScroll: true });
  }

  function bringBack(old, sentence) {
    const trouble = old.querySelector("[data-hr-trouble]");
    trouble.textContent = sentence;
    trouble.hidden = false;
    if (card() === old) return;
    if (card()) ahead.unshift(card());
    show(old);
  }

  // --- What is sent, and what comes back ---

  function send(doing, form = null) {
    const fields = new URLSearchParams(form ? new FormData(form) : []);
    if (form && !isEdited(form)) fields.delete("text");
    fields.delete("csrfmiddlewaretoken");
    fields.set("do", doing);
    isBlocked ||= BLOCKING.includes(doing);
    outbox.send({ doing, form, fields, isUrgent: BLOCKING.includes(doing) });
  }

  function complete(fields) {
    const held = [card(), ...ahead, ...outbox.items.slice(1).map((item) => item.form)];
    for (const form of held) if (form?.dataset.hrCard) fields.append("holding", form.dataset.hrCard);
    if (ahead.length >= AHEAD) fields.set("enough", "1");
    if (Date.now() - tabsAt < TABS_MS) return;
    fields.set("tabs", "1");
    tabsAt = Date.now();
  }

  function tellTrouble(item, reason, isGivenUp) {
    const count = outbox.answers.length;
    isTroubled = true;
    if (isGivenUp) {
      isBlocked = false;
      tell(`${reason} Try again in a moment; nothing was lost.`);
      if (item.doing === "text") bringBack(item.form, reason);
    } else if (count) {
      tell(`${reason} ${count === 1 ? "1 answer waits" : `${count} answers wait`} here and will be sent; keep this page open.`);
    } else tell(`${reason} Trying again.`);
  }

  function take(item, { page, problem }) {
    if (BLOCKING.includes(item.doing)) isBlocked = false;
    if (problem) {
      tell(problem);
      if (item.form?.dataset.hrCard && item.doing !== "undo") bringBack(item.form, problem);
      return;
    }
    for (const part of page.querySelectorAll("[data-hr-part]")) {
      desk.querySelector(`[data-hr-part=${part.dataset.hrPart}]`)?.replaceWith(document.adoptNode(part));
    }
    tellSaid(item.doing, page.querySelector("[data-hr-said]").textContent);
    const next = page.querySelector("[data-hr-card]");
    const last = page.querySelector("[data-hr-end]");
    if (next) receive(document.adoptNode(next));
    else if (last) end = document.adoptNode(last);
    if (!card() && !next) show();
    if (outbox.items.length === 0 && !end && ahead.length < AHEAD) send("next");
  }

  function tellSaid(doing, said) {
    if (said) tell(doing === "save" || doing === "skip" ? `${said} U undoes.` : said);
    else if (isTroubled) tell("");
    isTroubled = false;
  }

  function receive(next) {
    const { hrGoes } = next.dataset;
    if (hrGoes === "behind") end = null;
    if (hrGoes === "front" && card()) ahead.unshift(card());
    if (hrGoes !== "behind" || !card()) show(next);
    else ahead.push(next);
  }

  // --- What a person does ---

  function press(doing, form) {
    if (isBlocked) return;
    if (BLOCKING.includes(doing)) return send(doing, form);
    if (doing === "save" && !form.querySelector("[name=label]:checked")) {
      tell("Choose a label first.");
      return focusChoice();
    }
    form.querySelector("[data-hr-trouble]").hidden = true;
    send(doing, form);
    show(ahead.shift());
  }

  function choose(radio) {
    radio.checked = true;
    radio.focus();
    showRule();
  }

  function findLabel(input) {
    const wanted = input.value.trim().toLowerCase();
    for (const choice of place.querySelectorAll("[data-hr-choice]")) {
      choice.hidden = !choice.querySelector(".hr-choice__name").textContent.toLowerCase().includes(wanted);
    }
  }

  function takeFound(input) {
    const found = place.querySelector("[data-hr-choice]:not([hidden]) [name=label]");
    if (!found) return;
    input.value = "";
    findLabel(input);
    choose(found);
  }

  function editText() {
    const edit = place.querySelector("[data-hr-edit]");
    if (!edit) return;
    edit.open = true;
    edit.querySelector("textarea").focus();
  }

  function leaveText(field) {
    if (!isEdited(card())) field.closest("[data-hr-edit]").open = false;
    focusChoice();
  }

  // In a field only its own keys are heard; true where the key was one of them.
  function pressInField({ target, key, ctrlKey, metaKey }) {
    if (target.matches("[data-hr-find]") && key === "Enter") takeFound(target);
    else if (target.matches("[data-hr-find]") && key === "Escape") focusChoice();
    else if (target.matches("[name=text]") && key === "Escape") leaveText(target);
    else if (target.matches("[name=text]") && key === "Enter" && (ctrlKey || metaKey)) press("save", card());
    else return false;
    return true;
  }

  function pressOnPage({ target, key }) {
    if (key === "Enter" && target.matches("a, button, summary")) return false;
    const digit = place.querySelector(`[data-hr-digit="${CSS.escape(key)}"]`);
    const button = place.querySelector(`[data-hr-press="${CSS.escape(key.toLowerCase())}"]`);
    const find = place.querySelector("[data-hr-find]");
    if (digit) choose(digit);
    else if (key === "?") keys.showModal();
    else if (key.toLowerCase() === "e") editText();
    else if (key === "/" && find) find.focus();
    else if (button) button.click();
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.repeat || keys.open || event.isComposing) return;
    const isField = event.target.matches("textarea, select, [contenteditable], input:not([type=radio])");
    if (!isField && (event.ctrlKey || event.metaKey || event.altKey)) return;
    if (isField ? pressInField(event) : pressOnPage(event)) event.preventDefault();
  });
  desk.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-hr-card], [data-hr-end]");
    if (!form) return;
    event.preventDefault();
    press(event.submitter?.value ?? "save", form);
  });
  desk.addEventListener("click", (event) => event.target.closest("[data-hr-help]") && keys.showModal());
  desk.addEventListener("input", (event) => event.target.matches("[data-hr-find]") && findLabel(event.target));
  desk.addEventListener("change", (event) => event.target.matches("[name=label]") && showRule());
  window.addEventListener("beforeunload", (event) => {
    if (outbox.answers.length || (card() && isEdited(card()))) event.preventDefault();
  });
  setInterval(() => document.visibilityState === "visible" && card() && !outbox.items.length && send("keep"), KEEP_MS);
  if (card()) send("next");
  showRule();
  focusChoice();
})();
