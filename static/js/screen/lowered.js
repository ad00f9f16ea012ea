// Why a total went down: the hall is never shown a lower figure without a word.

import { formatTime } from "../live/figures.js";
import { formatMoney, toMinor } from "../live/money.js";

const WHY = {
  refund: "was refunded",
  dispute: "was taken back through a bank",
  correction: "was taken off by a correction",
};
const MINUTES = 10; // how long a correction of which the server gave no reason is told
const NIGHT_HOURS = 12; // what was shown longer ago, nobody in the hall remembers

export class LoweredNote {
  #note;
  #timeZone;
  #shown; // the last reading shown: {epoch, raised, as_at, hall}
  #isCorrected = false;
  #timer = 0;

  constructor(note, { timeZone, shown }) {
    this.#note = note;
    this.#timeZone = timeZone;
    this.#shown = shown;
  }

  show(reading) {
    const { lowered } = reading.hall;
    const isNews = nameOf(lowered) !== "" && nameOf(lowered) !== nameOf(this.#shown?.hall?.lowered);
    if (this.#wentDown(reading) && !isNews) this.#tellCorrection(reading);
    else if (isNews) this.stop();
    this.#shown = reading;
    if (this.#isCorrected) return;
    this.#tell(lowered ? this.#words(lowered) : "");
  }

  stop() {
    clearTimeout(this.#timer);
    this.#isCorrected = false;
  }

  #wentDown(reading) {
    const before = this.#shown;
    if (before?.raised?.currency !== reading.raised.currency) return false;
    const hours = (Date.parse(reading.as_at) - Date.parse(before.as_at)) / 3_600_000;
    return hours < NIGHT_HOURS && toMinor(reading.raised) < toMinor(before.raised);
  }

  #tellCorrection(reading) {
    const at = formatTime(new Date(reading.hall.held_at ?? reading.as_at), this.#timeZone);
    this.#tell(`The total was corrected at ${at}`);
    this.stop();
    this.#isCorrected = true;
    this.#timer = setTimeout(() => {
      this.#isCorrected = false;
      this.#tell("");
    }, MINUTES * 60_000);
  }

  #words({ why, amount, at }) {
    const time = formatTime(new Date(at), this.#timeZone);
    return `${formatMoney(amount)} ${WHY[why] ?? WHY.correction} at ${time}`;
  }

  #tell(words) {
    this.#note.textContent = words;
    this.#note.hidden = words === "";
  }
}

const nameOf = (lowered) => (lowered ? [lowered.why, lowered.amount.amount, lowered.at].join(" ") : "");
