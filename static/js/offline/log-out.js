// <log-out-check>: around the form that logs out. What waits for this log-in is sent first; what cannot be
// sent stops it kindly, once. Logged out, the phone keeps nothing of the treasurer's pages.

import { canKeep, sending, store, tellWorker } from "./keeping.js";

const TREASURY = "/treasurer/";
const LAST_TRY_MS = 6_000;

class LogOutCheck extends HTMLElement {
  connectedCallback() {
    if (!canKeep) return;
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      if (this.isSure) return;
      event.preventDefault();
      this.check();
    });
  }

  async check() {
    await Promise.race([sending.send({ now: true }), pause(LAST_TRY_MS)]);
    const left = await this.left();
    if (left.length && !this.isWarned) {
      this.warn(left.length);
      return;
    }
    await tellWorker({ forget: TREASURY });
    await store.removeDrafts(`collection:${this.getAttribute("owner")}/`);
    this.isSure = true;
    this.form.requestSubmit();
  }

  warn(number) {
    this.isWarned = true;
    const notice = this.querySelector("[data-unsent]");
    notice.querySelector("[data-number]").textContent =
      number === 1 ? "1 is not sent yet" : `${number} are not sent yet`;
    notice.hidden = false;
    notice.focus();
    this.form.querySelector("[type=submit]").textContent = "Log out all the same";
  }

  // A counter's seat needs no log-in, and its sheets go on being sent without one.
  async left() {
    const items = await store.all();
    return items.filter((item) => item.owner === this.getAttribute("owner") || item.needs === "log-in");
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

customElements.define("log-out-check", LogOutCheck);
