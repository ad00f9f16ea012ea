// <refused-list owner="...">: what was handed in here and not taken, with what was counted, until whoever
// counted says that the treasurer has seen it, or puts it right. Nothing of it is ever overwritten.
// Without an owner: the sheets of seats that have ended, whose own page is no more.

import { canKeep, clockTime, element, store } from "./keeping.js";

class RefusedList extends HTMLElement {
  connectedCallback() {
    if (!canKeep) return;
    store.listen(() => this.show());
    this.show();
  }

  async show() {
    const refused = (await this.items()).filter((item) => item.state === "refused");
    const shown = JSON.stringify(refused.map((item) => item.id));
    if (shown === this.shown) return; // a fold that is open stays so
    this.shown = shown;
    this.replaceChildren(...refused.map((item) => this.card(item)));
    this.hidden = !refused.length;
  }

  async items() {
    const items = await store.all();
    const owner = this.getAttribute("owner");
    if (owner) return items.filter((item) => item.owner === owner);
    const tables = new Set((await store.tables()).map((table) => table.address));
    return items.filter((item) => item.table && !tables.has(item.table));
  }

  card(item) {
    const lines = item.lines.map(([name, value]) =>
      element("div", {}, element("dt", { text: name }), element("dd", { text: value })),
    );
    return element(
      "div", { className: "notice notice--error stack stack--tight", role: "alert" },
      element("p", { className: "notice__title", text: `Not taken: ${item.what}` }),
      element("p", { text: item.words }),
      element("p", { className: "soft", text: `${item.where}, ${clockTime(item.handed_in_at)}` }),
      element(
        "details", { className: "fold" },
        element("summary", { className: "fold__summary", text: "What was handed in" }),
        element("dl", { className: "figures figures--rows fold__body" }, ...lines),
      ),
      element("p", { className: "cluster" }, ...this.buttons(item)),
    );
  }

  *buttons(item) {
    if (item.may_correct) {
      yield this.button("Open it and put it right", "button--primary", async () => {
        await store.reopen(item.id);
        location.assign(item.form);
      });
    }
    yield this.button("Done, I showed it to the treasurer", "button--quiet", () =>
      store.remove(item.id),
    );
  }

  button(text, className, act) {
    const button = element("button", { type: "button", text, className: `button ${className}` });
    button.addEventListener("click", act);
    return button;
  }
}

customElements.define("refused-list", RefusedList);
