// <hall-screen data-scene worker>: what a stage needs beyond the live figures of <live-appeal> around it.
//
// The scene that was chosen, the total in large pounds and small pence, the tube that overflows, its
// layers in words, what came just now, why a total went down, milestones, the league table page by
// page, full screen (F), holding the table (P), and a pointer that goes away by itself.

import { Celebration } from "./screen/celebration.js";
import { showTitle, showTotal, showWay } from "./screen/drawing.js";
import { JustIn } from "./screen/just-in.js";
import { keepPage } from "./screen/keeping.js";
import { showLegend, showNext } from "./screen/legend.js";
import { LoweredNote } from "./screen/lowered.js";
import { Milestones } from "./screen/milestones.js";
import { Pager } from "./screen/pager.js";
import { Scenes } from "./screen/scenes.js";
import { recall } from "./screen/storage.js";
import { drawTube } from "./screen/tube.js";

const IDLE_SECONDS = 3;

class HallScreen extends HTMLElement {
  #reading = null;
  #pager = null;
  #scenes = null;
  #justIn = null;
  #lowered = null;
  #milestones = null;
  #celebration = null;
  #ending = null;
  #idling = 0;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    const live = this.closest("live-appeal");
    const key = `whip-round:${live.getAttribute("slug")}:hall`;
    const timeZone = live.dataset.timeZone;
    this.#pager = new Pager(this.querySelector(".screen__standings"), this.#part("page"));
    this.#scenes = new Scenes(this, this.#part("notice"));
    this.#justIn = new JustIn(this.#part("just-in"));
    // What this screen showed last, before it was loaded anew.
    this.#lowered = new LoweredNote(this.#part("lowered"), { timeZone, shown: recall(key) });
    this.#milestones = new Milestones(`${key}:milestones`);
    this.#celebration = new Celebration(this);
    live.addEventListener("live-reading", (event) => this.#show(event.detail), { signal });
    document.addEventListener("keydown", (event) => this.#press(event), { signal });
    document.addEventListener("pointermove", () => this.#wake(), { signal });
    document.addEventListener("visibilitychange", () => this.#celebrate(), { signal });
    this.#part("full").addEventListener("click", toggleFullScreen, { signal });
    this.#part("hold").addEventListener("click", () => this.#hold(), { signal });
    this.#part("desk").hidden = false;
    this.#sleepSoon();
    keepPage(this.getAttribute("worker"));
  }

  disconnectedCallback() {
    clearTimeout(this.#idling);
    this.#ending?.abort();
    this.#pager?.stop();
    this.#scenes?.stop();
    this.#justIn?.stop();
    this.#lowered?.stop();
    this.#celebration?.end();
  }

  #part(name) {
    return this.querySelector(`[data-screen="${name}"]`);
  }

  #show({ reading, before }) {
    this.#reading = reading;
    this.classList.toggle("screen--alone", reading.league.length === 0);
    const hasTargets = reading.league.some((row) => row.target !== null);
    this.querySelector(".standings").classList.toggle("standings--plain", !hasTargets);
    showTitle(this, reading);
    showTotal(this, reading, before);
    drawTube(this, reading);
    showLegend(this, reading);
    showNext(this, reading);
    showWay(this, reading);
    this.#scenes.show(reading);
    this.#justIn.show(reading);
    this.#lowered.show(reading);
    this.#celebrate();
    this.#pager.refresh();
  }

  #celebrate() {
    if (this.#reading === null || document.hidden) return;
    const milestone = this.#milestones.pass(this.#reading);
    if (milestone) this.#celebration.begin(milestone, this.#reading);
    else this.#celebration.follow(this.#reading);
  }

  #press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (key === "f") toggleFullScreen();
    else if (key === "p") this.#hold();
    else if (key === "tab") this.#wake();
  }

  #hold() {
    const button = this.#part("hold");
    const isHeld = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isHeld));
    this.#pager.hold(isHeld);
  }

  #wake() {
    this.classList.remove("screen--idle");
    this.#sleepSoon();
  }

  #sleepSoon() {
    clearTimeout(this.#idling);
    this.#idling = setTimeout(() => this.classList.add("screen--idle"), IDLE_SECONDS * 1000);
  }
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // refused: stays as it is
}

customElements.define("hall-screen", HallScreen);
