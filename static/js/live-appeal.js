// <live-appeal slug src api epoch sequence data-time-zone>: keeps the figures inside it current.
//
// The server has written them already; without this script they stand as of page load. Marks are
// described in static/css/README.md. After each change the element sends a bubbling event
// "live-reading" with {reading, before}, and "live-state" with {state, asAt}.
// `always` keeps the stream open while the page is hidden, for a screen on a stage. `kept-as` names
// what this page keeps in the browser apart from what the appeal's other pages keep: the hall's
// reading may be held, and theirs is true.

import { Feed } from "./live/feed.js";
import { formatMoment, showAsAt, showFigures } from "./live/figures.js";
import { showLeague } from "./live/league.js";
import { milestone } from "./live/milestones.js";

const HIDDEN_SECONDS = 30; // a page that nobody sees gives its connection back
const PAUSE = "Pause live updates";
const RESUME = "Resume live updates";

// Whether this page is the browser's own copy: it came without the server, and may be old.
const isKeptCopy = document.documentElement.hasAttribute("data-kept");

class LiveAppeal extends HTMLElement {
  #feed = null;
  #reading = null;
  #asAt = null;
  #state = "";
  #isPaused = false;
  #ending = null;
  #hiding = 0;

  connectedCallback() {
    this.#feed = new Feed({
      streamUrl: this.getAttribute("src"),
      pollUrl: this.getAttribute("api"),
      onReading: (reading) => this.#take(reading),
      onFresh: (asAt) => this.#showFresh(asAt),
      onState: (state) => this.#showState(state),
    });
    this.#recall();
    this.#offerPause();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    addEventListener("pagehide", () => this.#feed.close(), { signal });
    addEventListener("pageshow", () => this.#resume(), { signal });
    addEventListener("online", () => this.#restart(), { signal });
    document.addEventListener("visibilitychange", () => this.#mindVisibility(), { signal });
    this.#resume();
  }

  disconnectedCallback() {
    clearTimeout(this.#hiding);
    this.#ending?.abort();
    this.#feed?.close();
  }

  get #timeZone() {
    return this.dataset.timeZone;
  }

  #resume() {
    if (!this.#isPaused) this.#feed.open();
  }

  #restart() {
    this.#feed.close();
    this.#resume();
  }

  #mindVisibility() {
    clearTimeout(this.#hiding);
    if (!document.hidden) this.#resume();
    else if (!this.hasAttribute("always")) {
      this.#hiding = setTimeout(() => this.#feed.close(), HIDDEN_SECONDS * 1000);
    }
  }

  /** Within an epoch the sequence only grows; a new epoch (restored books) is believed. */
  #isNewer({ epoch, sequence }) {
    return epoch !== this.getAttribute("epoch") || sequence >= Number(this.getAttribute("sequence"));
  }

  #take(reading) {
    if (this.#isPaused || !this.#isNewer(reading)) return;
    const before = this.#reading;
    this.#reading = reading;
    this.setAttribute("epoch", reading.epoch);
    this.setAttribute("sequence", reading.sequence);
    showFigures(this, reading, before);
    showLeague(this, reading);
    this.#announce(milestone(reading, before));
    this.#remember();
    this.#tell("live-reading", { reading, before });
  }

  /** Held figures stand as at the moment of the holding, however fresh they are. */
  #showFresh(asAt) {
    if (this.#isPaused) return;
    const heldAt = this.#reading?.hall?.held_at;
    this.#asAt = heldAt ? new Date(heldAt) : asAt;
    showAsAt(this, this.#asAt, this.#timeZone);
    this.#store("known-at", this.#asAt.toISOString());
  }

  #showState(state) {
    if (state === this.#state || this.#isPaused) return;
    if (state === "lost") {
      this.#showLost(`Last updated ${this.#time()} - reconnecting`);
      return;
    }
    this.#state = state;
    this.dataset.state = state;
    this.#showStatus("");
    this.#tell("live-state", { state, asAt: this.#asAt });
  }

  #showLost(text) {
    this.#state = "lost";
    this.dataset.state = "lost";
    this.#showStatus(text);
    this.#tell("live-state", { state: "lost", asAt: this.#asAt });
  }

  #time() {
    return this.#asAt
      ? formatMoment(this.#asAt, this.#timeZone)
      : (this.querySelector('[data-live="as-at"]')?.textContent.trim() ?? "");
  }

  #showStatus(text) {
    for (const mark of this.querySelectorAll('[data-live="status"]')) {
      mark.textContent = text;
      mark.hidden = text === "";
    }
  }

  #announce(text) {
    if (text === "") return;
    for (const mark of this.querySelectorAll('[data-live="announcement"]')) mark.textContent = text;
  }

  #offerPause() {
    for (const button of this.querySelectorAll('[data-live="pause"]')) {
      button.hidden = false;
      button.addEventListener("click", () => this.#togglePause(button));
    }
  }

  #togglePause(button) {
    this.#isPaused = !this.#isPaused;
    button.textContent = this.#isPaused ? RESUME : PAUSE;
    this.#state = this.#isPaused ? "paused" : "live";
    this.dataset.state = this.#state;
    this.#showStatus(this.#isPaused ? `Paused at ${this.#time()}` : "");
    if (this.#isPaused) this.#feed.close();
    else this.#feed.open();
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #storageKey(name = "") {
    const parts = ["whip-round", this.getAttribute("slug"), this.getAttribute("kept-as"), name];
    return parts.filter(Boolean).join(":");
  }

  #store(name, text) {
    try {
      localStorage.setItem(this.#storageKey(name), text);
    } catch {
      // Private windows may have no storage: the server tells us anyway.
    }
  }

  #remember() {
    this.#store("", JSON.stringify(this.#reading));
  }

  /** A page from a cache may be older than what this browser has seen already. */
  #recall() {
    try {
      const reading = JSON.parse(localStorage.getItem(this.#storageKey()) ?? "null");
      if (reading && this.#isNews(reading)) {
        this.#take(reading);
        const knownAt = localStorage.getItem(this.#storageKey("known-at")) ?? "";
        const moments = [Date.parse(reading.as_at), Date.parse(knownAt) || 0];
        this.#showFresh(new Date(Math.max(...moments)));
      }
    } catch {
      // What is stored cannot be read: as good as nothing.
    }
    if (isKeptCopy) this.#showLost(`Last known at ${this.#time()}`);
  }

  #isNews({ epoch, sequence, as_at: asAt }) {
    const shown = this.querySelector('[data-live="as-at"]')?.dateTime ?? "";
    if (epoch !== this.getAttribute("epoch")) {
      // The books were restored before the one or the other. A page from the server knows better.
      return isKeptCopy && Date.parse(asAt) > Date.parse(shown);
    }
    const least = Number(this.getAttribute("sequence"));
    return isKeptCopy ? sequence >= least : sequence > least;
  }
}

customElements.define("live-appeal", LiveAppeal);
