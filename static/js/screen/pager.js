// Shows a long table in pages, each whole, in turn; with reduced motion too, but then without a fade.

const PAGE_SECONDS = 8;

export class Pager {
  #box;
  #label;
  #page = 0;
  #isHeld = false;
  #timer = 0;
  #observer;

  /** @param {HTMLElement} box what the table must fit in @param {HTMLElement} label "9 to 16 of 24" */
  constructor(box, label) {
    this.#box = box;
    this.#label = label;
    this.#observer = new ResizeObserver(() => this.lay());
    this.#observer.observe(box);
    this.#timer = setInterval(() => this.#turn(), PAGE_SECONDS * 1000);
    document.fonts.ready.then(() => this.lay());
  }

  stop() {
    clearInterval(this.#timer);
    this.#observer.disconnect();
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
  }

  /** Show the rows of this page, after the table or the room changed. */
  lay() {
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
    return pages;
  }

  #turn() {
    if (this.#isHeld || document.hidden) return;
    const before = this.#page;
    this.#page += 1;
    this.lay();
    if (this.#page === before) return;
    this.#box.classList.remove("is-turning");
    requestAnimationFrame(() => this.#box.classList.add("is-turning"));
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
    const room = this.#box.getBoundingClientRect().height - around;
    return Math.max(1, Math.floor((room + 1) / height));
  }
}
