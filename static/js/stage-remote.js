// <stage-remote>: the remote made instant and live. Without this script its buttons are plain forms.
//
// Two streams feed it, what the hall sees and what is true; taps go out by fetch. When the hall was
// directed from elsewhere, the board tells what was done and what an undo would undo.

import { Feed } from "./live/feed.js";
import { formatTime } from "./live/figures.js";
import { keepAwake } from "./stage/awake.js";
import { showHall, showSteps, showTime, showTrue } from "./stage/showing.js";
import { Taps } from "./stage/taps.js";

const LOOK_SECONDS = 20; // so that a remote that was revoked learns of it
const NOT_SENT = "No answer: no connection. Look at what the hall sees, and tap again.";
const NOT_TAKEN = "The site did not take it. Load this page anew, and tap again.";

class StageRemote extends HTMLElement {
  #feeds = [];
  #hall = null;
  #true = null;
  #told = -1; // the step that the board told of last
  #asAt = null;
  #ending = null;
  #looking = 0;
  #isEnded = false;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#told = Number(this.getAttribute("step"));
    this.#feeds = [
      this.#feed("hall-src", "hall-api", (reading) => this.#takeHall(reading), true),
      this.#feed("src", "api", (reading) => this.#takeTrue(reading), false),
    ];
    const taps = new Taps({ onAnswer: (status, told) => this.#takeAnswer(status, told) });
    this.addEventListener("submit", (event) => this.#tap(event, taps), { signal });
    addEventListener("pagehide", () => this.#close(), { signal });
    addEventListener("pageshow", () => this.#open(), { signal });
    addEventListener("online", () => this.#restart(), { signal });
    addEventListener("offline", () => this.#showState("lost"), { signal });
    document.addEventListener("visibilitychange", () => this.#mindVisibility(), { signal });
    keepAwake({ signal });
    this.#open();
  }

  disconnectedCallback() {
    this.#ending?.abort();
    this.#close();
  }

  get #timeZone() {
    return this.dataset.timeZone;
  }

  #feed(stream, poll, onReading, tells) {
    return new Feed({
      streamUrl: this.getAttribute(stream),
      pollUrl: this.getAttribute(poll),
      onReading,
      onFresh: (asAt) => tells && this.#showFresh(asAt),
      onState: (state) => tells && this.#showState(state),
    });
  }

  #open() {
    if (this.#isEnded) return;
    for (const feed of this.#feeds) feed.open();
    clearInterval(this.#looking);
    this.#looking = setInterval(() => this.#look(), LOOK_SECONDS * 1000);
  }

  #close() {
    clearInterval(this.#looking);
    for (const feed of this.#feeds) feed.close();
  }

  /** A phone that was locked has streams that may be dead without its knowing. */
  #restart() {
    this.#close();
    this.#open();
    this.#look();
  }

  #mindVisibility() {
    if (!document.hidden) this.#restart();
  }

  #takeHall(reading) {
    if (!isNewer(reading, this.#hall ?? this.#written)) return;
    this.#hall = reading;
    showHall(this, reading, this.#true, this.#timeZone);
    if (reading.hall.step !== this.#told) this.#look();
  }

  #takeTrue(reading) {
    if (!isNewer(reading, this.#true ?? this.#written)) return;
    this.#true = reading;
    showTrue(this, reading, this.#hall);
  }

  /** What the server wrote into the page. */
  get #written() {
    return { epoch: this.getAttribute("epoch"), sequence: Number(this.getAttribute("sequence")) };
  }

  async #look() {
    if (this.#isEnded) return;
    try {
      const response = await fetch(this.getAttribute("board"), {
        headers: { Accept: "application/json" },
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(LOOK_SECONDS * 1000),
      });
      this.#takeBoard(response.status, await response.json());
    } catch {
      // No network: the line about the connection says so already.
    }
  }

  #takeBoard(status, told) {
    if (status === 403) return this.#end(told.message);
    if (!told.hall || told.hall.hall.step < this.#told) return undefined;
    this.#told = told.hall.hall.step;
    showSteps(this, told, this.#timeZone);
    this.#takeTrue(told.true);
    this.#takeHall(told.hall);
    return undefined;
  }

  #tap(event, taps) {
    if (this.#isEnded) event.preventDefault();
    if (this.#isEnded || !event.target.matches("[data-stage-form]") || !event.submitter) return;
    event.preventDefault();
    taps.tap(event.target, event.submitter);
    if (navigator.vibrate) navigator.vibrate(15);
  }

  #takeAnswer(status, told) {
    if (told === null) return this.#say(status === 0 ? NOT_SENT : NOT_TAKEN);
    this.#say(told.message);
    return this.#takeBoard(status, told);
  }

  #end(message) {
    this.#isEnded = true;
    this.#close();
    this.#say(message);
    for (const button of this.querySelectorAll("button")) button.disabled = true;
    this.querySelector('[data-stage="offline"]').hidden = true;
  }

  #say(text) {
    const box = this.querySelector('[data-stage="message"]');
    box.hidden = text === "";
    box.firstElementChild.textContent = text;
    if (text !== "") box.scrollIntoView({ block: "nearest" });
  }

  #showFresh(asAt) {
    this.#asAt = asAt;
    showTime(this, asAt, this.#timeZone);
  }

  #showState(state) {
    this.dataset.state = state;
    const line = this.querySelector('[data-stage="offline"]');
    const isLost = state === "lost" && !this.#isEnded;
    line.hidden = !isLost;
    const since = this.#asAt ? ` since ${formatTime(this.#asAt, this.#timeZone)}` : "";
    line.textContent = isLost ? `No connection${since}: taps do not arrive. Trying again.` : "";
  }
}

/** Within an epoch the sequence only grows; a new epoch (restored books) is believed. */
function isNewer(reading, known) {
  return reading.epoch !== known.epoch || reading.sequence >= known.sequence;
}

customElements.define("stage-remote", StageRemote);
