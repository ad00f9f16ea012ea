// What came just now, newest first: "£25 from Leeds". The line changes calmly however much comes:
// what arrives between two changes is shown together, and still within the second.

import { formatMoney } from "../live/money.js";

const CALM_MILLISECONDS = 800;
const MINUTES = 5; // as in appeals/screen.py: what came longer ago did not come just now

export class JustIn {
  #line;
  #items = [];
  #goesAt = new Map(); // by key, on this machine's running clock, whatever its date is set to
  #drawnAt = -CALM_MILLISECONDS;
  #timer = 0;

  constructor(line) {
    this.#line = line;
  }

  show(reading) {
    const { held_at: heldAt, just_in: items } = reading.hall;
    const now = Date.parse(heldAt ?? reading.as_at);
    for (const { key, at } of items) {
      if (this.#goesAt.has(key)) continue;
      const left = MINUTES * 60_000 - (now - Date.parse(at));
      this.#goesAt.set(key, heldAt ? left > 0 && Infinity : performance.now() + left);
    }
    this.#items = items;
    for (const key of [...this.#goesAt.keys()]) {
      if (!items.some((item) => item.key === key)) this.#goesAt.delete(key);
    }
    this.#drawAfter(Math.max(0, CALM_MILLISECONDS - (performance.now() - this.#drawnAt)));
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #drawAfter(milliseconds) {
    clearTimeout(this.#timer);
    if (milliseconds > 0) this.#timer = setTimeout(() => this.#draw(), milliseconds);
    else this.#draw();
  }

  #draw() {
    this.#drawnAt = performance.now();
    const items = this.#items.filter(({ key }) => this.#goesAt.get(key) > this.#drawnAt);
    const shown = new Map([...this.#line.children].map((part) => [part.dataset.key, part]));
    const parts = items.map((item) => shown.get(item.key) ?? makePart(item));
    const isSame = parts.length === shown.size && parts.every((part, at) => part === this.#line.children[at]);
    if (!isSame) this.#line.replaceChildren(...parts);
    const next = Math.min(...items.map(({ key }) => this.#goesAt.get(key)));
    if (Number.isFinite(next)) this.#drawAfter(next - this.#drawnAt + 1);
  }
}

function makePart(item) {
  const part = document.createElement("span");
  part.className = "screen__arrival screen__arrival--new";
  part.dataset.key = item.key;
  part.textContent = words(item);
  return part;
}

function words({ amount, branch, method }) {
  const sum = formatMoney(amount);
  const by = branch ? ` by ${branch}` : "";
  if (method === "cash") return `${sum} collected${by}`;
  if (method === "sales") return `${sum} in sales${by}`;
  return `${sum} from ${branch ?? "a supporter"}`;
}
