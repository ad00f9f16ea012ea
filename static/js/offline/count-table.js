// <count-table address="/count/.../" occasion branch counter>: the table on a counter's phone. Has the phone
// keep its pages, so that every bucket can be counted without a signal; shows what this phone handed in
// and could not send yet; forgets what was typed for buckets that are settled.

import { canKeep, isKeptCopy, readKeptPage, store, tellWorker } from "./keeping.js";

class CountTable extends HTMLElement {
  connectedCallback() {
    if (!canKeep) return;
    this.address = this.getAttribute("address");
    this.buckets = [...this.querySelectorAll("[data-bucket]")].map((card) => new Bucket(card));
    this.waited = 0;
    store.listen((what) => (what === "kept" ? this.sayWhetherReady() : this.show()));
    this.show();
    if (!isKeptCopy) this.keep();
    this.sayWhetherReady();
  }

  // --- what opens without a signal -------------------------------------------------------------------

  async keep() {
    await store.keepTable({
      address: this.address,
      occasion: this.getAttribute("occasion"),
      counter: this.getAttribute("counter"),
    });
    const open = this.buckets.filter((bucket) => bucket.form);
    const drafts = open.map((bucket) => `${bucket.form}round/${bucket.round}/`);
    await store.removeDrafts(`${this.address}buckets/`, { except: drafts });
    const stale = [];
    for (const bucket of open) if (!(await isKept(bucket))) stale.push(bucket.form);
    await tellWorker({ keep: [this.address, ...stale] });
  }

  async sayWhetherReady() {
    const open = this.buckets.filter((bucket) => bucket.form);
    const kept = await Promise.all([caches.match(this.address), ...open.map(isKept)]);
    this.querySelector("[data-ready]").hidden = !(open.length && kept.every(Boolean));
  }

  // --- what was handed in here -----------------------------------------------------------------------

  async show() {
    const items = (await store.all()).filter((item) => item.table === this.address);
    for (const bucket of this.buckets) {
      bucket.show(items.find((item) => item.bucket === bucket.number && item.round >= bucket.round));
    }
    const waits = items.filter((item) => item.state === "waiting").length;
    if (waits < this.waited && navigator.onLine) location.replace(this.address); // the server knows more now
    this.waited = waits;
  }
}

class Bucket {
  constructor(card) {
    this.card = card;
    this.number = Number(card.dataset.bucket);
    this.round = Number(card.dataset.round);
    this.word = card.querySelector("[data-word]");
    this.said = this.word.textContent;
    this.go = card.querySelector("[data-go]");
    this.form = this.go?.querySelector("a").getAttribute("href");
  }

  show(item) {
    const here = item?.state === "waiting" ? "Counted. It waits on this phone to be sent." : "";
    this.word.textContent = here || this.said;
    if (this.go) this.go.hidden = Boolean(item);
  }
}

// Whether the phone has the empty sheet of the bucket's present round.
async function isKept({ form, round }) {
  const page = await readKeptPage(form);
  return page?.querySelector("[name=round]")?.value === String(round);
}

customElements.define("count-table", CountTable);
