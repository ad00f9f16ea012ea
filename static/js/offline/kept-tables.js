// <kept-tables>: the tables at which this phone sits, and the form "Record cash" where it is kept: the way
// back in, for a browser that was closed.

import { canKeep, element, store } from "./keeping.js";

class KeptTables extends HTMLElement {
  async connectedCallback() {
    if (!canKeep) return;
    const links = (await store.tables()).map(({ address, occasion, counter }) =>
      element("a", { href: address, text: `${occasion}, ${counter}` }),
    );
    const recordCash = this.getAttribute("record-cash");
    if (recordCash && (await caches.match(recordCash))) {
      links.push(element("a", { href: recordCash, text: "Record cash" }));
    }
    if (!links.length) return;
    this.querySelector("ul").append(...links.map((link) => element("li", {}, link)));
    this.hidden = false;
  }
}

customElements.define("kept-tables", KeptTables);
