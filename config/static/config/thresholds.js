// Moves the figures with the sliders; without this script a button shows them.
"use strict";

(() => {
  const WAIT_MS = 120;

  const all = (selector, root) => [...root.querySelectorAll(selector)];

  // The slider shows what the field says, and writes into it; a field that holds no number leaves it where it is.
  function couple(slider) {
    const range = slider.querySelector("[type=range]");
    const field = slider.querySelector("[type=number]");
    range.addEventListener("input", () => (field.value = range.value));
    field.addEventListener("input", () => {
      if (field.value !== "" && field.validity.valid) range.value = field.value;
    });
  }

  // Who goes from one threshold to one for each label begins with the common one.
  function lead(form) {
    const common = form.querySelector("[name=all]");
    const set = () => {
      for (const slider of all(".hr-sliders__each [data-hr-slider]", form)) {
        for (const input of all("input", slider)) input.value = common.value;
      }
    };
    for (const input of all(".hr-sliders__all input", form)) input.addEventListener("input", set);
  }

  function begin(card) {
    const form = card.querySelector("[data-hr-sliders]");
    const place = card.querySelector("[data-hr-figures]");
    let timer = 0;
    let asking = null;

    // What can be applied is what the figures are of: until those have come, nothing.
    function hold() {
      place.setAttribute("aria-busy", "true");
      for (const button of all("[data-hr-apply] button", place)) button.disabled = true;
    }

    function complain() {
      const sentence = document.createElement("p");
      sentence.className = "hr-error";
      sentence.setAttribute("role", "alert");
      sentence.textContent = "The figures could not be had. Move the slider again, or reload the page.";
      place.replaceChildren(sentence);
    }

    async function show() {
      asking?.abort();
      asking = new AbortController();
      const { signal } = asking;
      const query = new URLSearchParams(new FormData(form));
      try {
        const answer = await fetch(`${card.dataset.hrThresholds}?${query}`, { credentials: "same-origin", signal });
        if (answer.redirected) return location.reload();
        const text = answer.ok ? await answer.text() : "";
        if (signal.aborted) return;
        if (!text) return complain();
        const next = new DOMParser().parseFromString(text, "text/html");
        place.replaceChildren(...next.body.childNodes);
        place.removeAttribute("aria-busy");
      } catch {
        if (!signal.aborted) complain();
      }
    }

    function later() {
      hold();
      clearTimeout(timer);
      timer = setTimeout(show, WAIT_MS);
    }

    all("[data-hr-slider]", form).forEach(couple);
    lead(form);
    form.querySelector("[data-hr-show]").hidden = true;
    form.addEventListener("input", later);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      later();
    });
  }

  document.addEventListener("DOMContentLoaded", () => all("[data-hr-thresholds]", document).forEach(begin));
})();
