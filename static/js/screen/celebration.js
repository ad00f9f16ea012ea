// A milestone: for some seconds the screen fills like the thermometer, says what was reached, and
// empties again. Nothing flies about.

import { formatMoney } from "../live/money.js";

const SECONDS = 8;
const QUARTERS = { 25: "A quarter of the way", 50: "Half way", 75: "Three quarters of the way" };

export class Celebration {
  #screen;
  #sheet;
  #timer = 0;

  constructor(screen) {
    this.#screen = screen;
    this.#sheet = this.#part("celebration");
  }

  begin({ percent, amount }, reading) {
    const target = formatMoney(reading.target);
    const isPartWay = percent !== null && percent < 100;
    this.#part("celebration-words").textContent =
      QUARTERS[percent] ?? (percent === null ? `${formatMoney(amount)} reached` : "Target reached");
    this.#part("celebration-more").textContent = isPartWay
      ? `to our target of ${target}`
      : `Our target was ${target}. Thank you, all of you.`;
    this.#sheet.hidden = false;
    this.follow(reading);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), SECONDS * 1000);
  }

  /** While it lasts it shows the figure of now; a scene without figures ends it. */
  follow({ raised, hall }) {
    if (this.#sheet.hidden) return;
    if (hall.scene === "blank" || hall.scene === "notice") {
      this.end();
      return;
    }
    const [pounds, pence] = formatMoney(raised).split(".");
    this.#part("celebration-pounds").textContent = pounds;
    this.#part("celebration-pence").textContent = pence ? `.${pence}` : "";
    this.#part("celebration-sum").className = `celebration__sum celebration__sum--${pounds.length}`;
  }

  end() {
    clearTimeout(this.#timer);
    this.#sheet.hidden = true;
  }

  #part(name) {
    return this.#screen.querySelector(`[data-screen="${name}"]`);
  }
}
