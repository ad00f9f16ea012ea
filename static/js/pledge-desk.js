// <pledge-desk list part take-back>: typing pledges at the speed of calling.
//
// Enter takes a line down at once and empties the box; it is sent behind the typist's back, again
// and again until it is taken. Arrow up brings the last line back, Ctrl+Z in an empty box takes the
// last entry back, taps on the ladder count hands. Without this script the page is forms.

import { Ladder } from "./desk/ladder.js";
import { Outbox } from "./desk/outbox.js";

class PledgeDesk extends HTMLElement {
  #typed = [];
  #at = 0;
  #looks = 0;

  connectedCallback() {
    this.form = this.#part("form");
    this.box = this.form.elements.typed;
    this.ladder = new Ladder(this.querySelector(".desk__ladder"), {
      onCount: (words, hands) => this.#showHands(words, hands),
    });
    this.outbox = new Outbox(this.getAttribute("list"), {
      onChange: (waiting) => this.#showUnsent(waiting),
      onTaken: () => this.#look(),
      onRefused: (item, message) => this.#showRefused(item, message),
    });
    this.form.addEventListener("submit", (event) => this.#take(event));
    this.box.addEventListener("keydown", (event) => this.#press(event));
    this.#part("list").addEventListener("submit", (event) => this.#takeBack(event));
  }

  #part(name) {
    return this.querySelector(`[data-desk="${name}"]`);
  }

  #take(event) {
    event.preventDefault();
    const typed = this.box.value.trim();
    const words = [this.ladder.words, typed].filter(Boolean).join(", ");
    if (!words) {
      this.box.focus();
      return;
    }
    this.outbox.add(this.form, words);
    if (typed) this.#typed.push(typed);
    this.#at = this.#typed.length;
    this.box.value = "";
    this.box.removeAttribute("aria-invalid");
    this.ladder.clear();
    if (typed) this.box.focus();
  }

  #press(event) {
    const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (isUndo && !this.box.value) {
      event.preventDefault();
      if (!this.outbox.takeBack()) this.querySelector("[data-desk-undo]")?.requestSubmit();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this.#at += event.key === "ArrowUp" ? -1 : 1;
      this.#at = Math.max(0, Math.min(this.#typed.length, this.#at));
      this.box.value = this.#typed[this.#at] ?? "";
    }
  }

  async #takeBack(event) {
    event.preventDefault();
    const form = event.target;
    form.querySelector("button").disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new FormData(form),
        redirect: "error",
      });
      if (answer.status === 409) this.#say((await answer.json()).message);
    } catch {
      this.#say("No connection: it was not taken back. Try again.");
    }
    form.querySelector("button").disabled = false;
    await this.#look();
    this.box.focus();
  }

  async #look() {
    this.#looks += 1;
    const look = this.#looks;
    try {
      const answer = await fetch(this.getAttribute("part"), { redirect: "error" });
      const html = answer.ok ? await answer.text() : "";
      if (look !== this.#looks || !html.includes("data-desk-total")) return;
      const wanted = new DOMParser().parseFromString(html, "text/html");
      this.#part("list").replaceChildren(...wanted.body.childNodes);
    } catch {
      // What was taken is taken; the list is looked at again after the next line.
    }
  }

  #showHands(words, hands) {
    const line = this.#part("hands");
    line.hidden = !hands;
    line.textContent = words;
  }

  #showUnsent(waiting) {
    const line = this.#part("unsent");
    const tried = waiting.filter((item) => item.tried);
    line.hidden = !waiting.length;
    line.textContent = waiting.length
      ? `${waiting.length} not sent yet${tried.length ? ": it is tried again by itself" : ""}. ${waiting.map((item) => item.words).join(" · ")}`
      : "";
  }

  #showRefused(item, message) {
    const list = this.#part("refused");
    const row = document.createElement("div");
    row.className = "notice notice--error cluster";
    row.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = `Not taken: ${item.words}. ${message}`;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button button--quiet";
    again.textContent = "Put it right";
    again.addEventListener("click", () => {
      this.box.value = item.words.replaceAll(/(\d+) at (\S+?)(?=,|$)/g, "$1x$2").replaceAll(",", " ");
      row.remove();
      list.hidden = !list.childElementCount;
      this.box.focus();
    });
    row.append(words, again);
    list.append(row);
    list.hidden = false;
  }

  #say(message) {
    const line = this.#part("unsent");
    line.hidden = false;
    line.textContent = message;
  }
}

customElements.define("pledge-desk", PledgeDesk);
