// Sends forms in the background, one after the other, and loses none while the server can't be reached.
"use strict";

(() => {
  const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  // What lies in it are items of the form {doing, form, fields, isUrgent}: one that is urgent isn't tried again.
  window.HrOutbox = class {
    #items = [];
    #isSending = false;
    #tries = 0;

    // `onAnswer(item, {page, problem})` is told what the server said, `onTrouble(item, sentence, isGivenUp)` that it
    // didn't; `complete(fields)` adds what only holds at the moment of sending.
    constructor({ url, onAnswer, onTrouble, complete }) {
      Object.assign(this, { url, onAnswer, onTrouble, complete });
    }

    get items() {
      return this.#items;
    }

    get answers() {
      return this.#items.filter((item) => item.form);
    }

    send(item) {
      this.#items.push(item);
      this.#empty();
    }

    async #empty() {
      if (this.#isSending) return;
      this.#isSending = true;
      try {
        while (this.#items.length) await this.#sendFirst();
      } finally {
        this.#isSending = false;
      }
    }

    async #sendFirst() {
      const [item] = this.#items;
      let answer;
      try {
        answer = await this.#post(item);
      } catch (error) {
        if (item.isUrgent) this.#items.shift();
        this.onTrouble(item, error.message, item.isUrgent);
        if (!item.isUrgent) await sleep(RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
        return;
      }
      this.#tries = 0;
      this.#items.shift();
      this.onAnswer(item, answer);
    }

    async #post({ fields }) {
      const body = new URLSearchParams(fields);
      this.complete(body);
      let answer;
      try {
        // Read each time: logging in again, in another tab, changes it.
        const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
        answer = await fetch(this.url, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual" });
      } catch {
        throw new Error("The server can't be reached.");
      }
      if (answer.type === "opaqueredirect") throw new Error("You are logged out: log in again in another tab.");
      if (answer.status >= 500 || answer.status === 429) throw new Error("The server is in trouble.");
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const problem = page.querySelector("[data-hr-problem]")?.textContent ?? "";
      return { page, problem: answer.ok ? problem : "The server took nothing from this page. Load it again." };
    }
  };
})();
