// Shows a long table in pages, each whole, in turn; with reduced motion too, but then without a fade.
//
// When a branch on another page gets money, that page is visited for a while, and the turn goes on
// where it was. Between two visits a page of the turn is always shown, so that every branch is.

const PAGE_SECONDS = 8;
const VISIT_SECONDS = 5;
const LEAST_SECONDS = 3; // no page goes before it can be read

export class Pager {
  #box;
  #label;
  #page = 0; // what is shown
  #turn = 0; // where the turn is
  #isVisit = false;
  #isGuarded = false; // the page after a visit is shown in full
  #awaited = null; // the branch to visit when this page has been read
  #isHeld = false;
  #shownAt = performance.now();
  #timer = 0;
  #observer;

  /** `box` is what the table must fit in, `label` tells "9 to 16 of 24". */
  constructor(box, label) {
    this.#box = box;
    this.#label = label;
    this.#observer = new ResizeObserver(() => this.#lay());
    this.#observer.observe(box);
    this.#wait(PAGE_SECONDS);
    document.fonts.ready.then(() => this.#lay());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
  }

  /** The rows are new: lay them out, and see to it that a branch that got money is seen. */
  refresh() {
    this.#lay();
    const changed = this.#rows().filter((row) => "changed" in row.dataset);
    if (changed.length === 0 || changed.some((row) => !row.hidden)) return;
    this.#awaited = changed[0].dataset.branch;
    const shownSeconds = (performance.now() - this.#shownAt) / 1000;
    if (this.#isVisit || this.#isGuarded || this.#isHeld) return;
    if (shownSeconds >= LEAST_SECONDS) this.#visit();
    else this.#wait(LEAST_SECONDS - shownSeconds);
  }

  #goOn() {
    if (this.#isHeld || document.hidden) this.#wait(PAGE_SECONDS);
    else if (this.#awaited !== null && !this.#isVisit) this.#visit();
    else {
      this.#isGuarded = this.#isVisit;
      this.#isVisit = false;
      this.#turn += 1;
      this.#show(this.#turn, PAGE_SECONDS);
      this.#turn = this.#page;
    }
  }

  #visit() {
    const rows = this.#rows();
    const place = rows.findIndex((row) => row.dataset.branch === this.#awaited);
    this.#awaited = null;
    this.#isVisit = true;
    this.#show(Math.floor(Math.max(0, place) / this.#pageSize(rows)), VISIT_SECONDS, { keepMarks: true });
  }

  #show(page, seconds, { keepMarks = false } = {}) {
    const before = this.#page;
    if (!keepMarks) for (const row of this.#rows()) delete row.dataset.changed;
    this.#page = page;
    this.#lay();
    this.#shownAt = performance.now();
    this.#wait(seconds);
    if (this.#page === before) return;
    this.#box.classList.remove("is-turning");
    requestAnimationFrame(() => this.#box.classList.add("is-turning"));
  }

  #wait(seconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#goOn(), seconds * 1000);
  }

  #lay() {
    const rows = this.#rows();
    const size = this.#pageSize(rows);
    const pages = Math.max(1, Math.ceil(rows.length / size));
    this.#page %= pages;
    const first = this.#page * size;
    rows.forEach((row, index) => {
      row.hidden = index < first || index >= first + size;
    });
    const last = Math.min(rows.length, first + size);
    this.#label.textContent = pages > 1 ? `${first + 1} to ${last} of ${rows.length}` : "";
  }

  #rows() {
    const bodies = [...this.#box.querySelectorAll("tbody")].filter((body) => !body.hidden);
    return bodies.flatMap((body) => [...body.rows]);
  }

  #pageSize(rows) {
    if (rows.length === 0) return 1;
    const table = this.#box.querySelector("table");
    for (const row of rows) row.hidden = true;
    const around = table.getBoundingClientRect().height; // caption and heads
    rows[0].hidden = false;
    const height = rows[0].getBoundingClientRect().height;
    rows[0].hidden = true;
    const room = this.#box.getBoundingClientRect().height - around;
    return Math.max(1, Math.floor((room + 1) / height));
  }
}
