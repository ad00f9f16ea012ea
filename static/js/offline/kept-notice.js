// <kept-notice>: after handing in without a signal, says what became of it.

import { canKeep, store } from "./keeping.js";

class KeptNotice extends HTMLElement {
  connectedCallback() {
    const address = new URL(location.href);
    if (!canKeep || !address.searchParams.has("kept")) return;
    address.searchParams.delete("kept");
    history.replaceState(history.state, "", address); // said once
    store.listen(() => this.show());
    this.show();
  }

  async show() {
    const waits = (await store.all()).some((item) => item.state === "waiting");
    this.querySelector("[data-waits]").hidden = !waits;
    this.querySelector("[data-sent]").hidden = waits;
    this.hidden = false;
  }
}

customElements.define("kept-notice", KeptNotice);
