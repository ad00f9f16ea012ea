// <waiting-list log-in="/accounts/login/">: what waits on this phone, without a figure: who else holds the phone
// may look. "Send now" tries at once.

import { canKeep, clockTime, element, sending, store } from "./keeping.js";

class WaitingList extends HTMLElement {
  connectedCallback() {
    if (!canKeep) return;
    this.list = this.querySelector("ul");
    this.word = this.querySelector("[role=status]");
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.sendNow());
    store.listen(() => this.show());
    this.show();
  }

  async show() {
    const items = await store.all();
    this.tables = new Set((await store.tables()).map((table) => table.address));
    this.list.replaceChildren(...items.map((item) => this.row(item)));
    this.querySelector("[data-none]").hidden = items.length > 0;
    this.button.hidden = !items.some((item) => item.state === "waiting");
    this.hidden = false;
  }

  row(item) {
    const row = element(
      "li", { className: "card stack stack--tight" },
      element("h2", { text: item.what }),
      element("p", { text: `${item.where}, handed in ${clockTime(item.handed_in_at)}` }),
      element("p", { text: say(item) }),
    );
    const link = this.link(item);
    if (link) row.append(element("p", { className: "links" }, link));
    return row;
  }

  link(item) {
    if (item.table && !this.tables.has(item.table)) return null;
    if (item.state === "refused") {
      return element("a", { href: item.table || item.form, text: "See why, and what to do" });
    }
    if (!item.needs) return null;
    const next = encodeURIComponent(item.table || item.form);
    return element("a", { href: `${this.getAttribute("log-in")}?next=${next}`, text: "Log in" });
  }

  async sendNow() {
    this.word.textContent = "Sending …";
    await sending.send({ now: true });
    const left = (await store.all()).filter((item) => item.state === "waiting");
    if (!left.length) this.word.textContent = "";
    else if (sending.isWithoutSignal()) this.word.textContent = "No signal yet. It is kept, and sent later.";
    else this.word.textContent = "Not all could be sent yet.";
  }
}

function say(item) {
  if (item.state === "refused") return "Not taken.";
  if (item.needs === "log-in") return "You were logged out: log in to send it.";
  if (item.needs === "other-log-in") return "Handed in under another log-in, and sent under that one only.";
  return item.words || "Waiting for a signal.";
}

customElements.define("waiting-list", WaitingList);
