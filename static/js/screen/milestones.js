// Which milestones this screen has seen: each is celebrated once in an epoch, over reloads, lost
// streams and refunds. What was passed before the screen was first opened is no news.

import { toMinor } from "../live/money.js";
import { recall, remember } from "./storage.js";

const QUIET = new Set(["notice", "blank"]); // scenes that show no figure: it is celebrated after them
const NIGHT_HOURS = 12; // a screen that was off for longer begins anew

export class Milestones {
  #key;
  #seen; // {epoch, asAt, raised (minor units), passed: [names]}

  constructor(key) {
    this.#key = key;
    this.#seen = recall(key);
  }

  /** The highest milestone that the hall's figure passes for the first time, or null. */
  pass(reading) {
    const raised = toMinor(reading.raised);
    const reached = reading.hall.milestones.filter(({ amount }) => toMinor(amount) <= raised);
    if (this.#isNewNight(reading)) {
      this.#keep(reading, raised, reached.map(nameOf));
      return null;
    }
    if (reading.hall.is_held || QUIET.has(reading.hall.scene)) return null;
    const { passed, raised: before } = this.#seen;
    const news = reached.filter((each) => !passed.includes(nameOf(each)));
    this.#keep(reading, raised, [...passed, ...news.map(nameOf)]);
    // A target that was lowered below what had come already is passed by nobody's money.
    return news.findLast(({ amount }) => toMinor(amount) > before) ?? null;
  }

  #isNewNight(reading) {
    const seen = this.#seen;
    if (!Array.isArray(seen?.passed) || seen.epoch !== reading.epoch) return true;
    return Date.parse(reading.as_at) - Date.parse(seen.asAt) > NIGHT_HOURS * 3_600_000;
  }

  #keep(reading, raised, passed) {
    this.#seen = { epoch: reading.epoch, asAt: reading.as_at, raised, passed };
    remember(this.#key, this.#seen);
  }
}

const nameOf = ({ percent, amount }) => `${percent ?? "stretch"} ${amount.amount} ${amount.currency}`;
