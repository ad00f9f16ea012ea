// <hall-screen>: what a stage needs beyond the live figures of <live-appeal> around it.
//
// The total in large pounds and small pence, the tube that overflows, the league table page by page,
// full screen (F), holding the table (P), and a pointer that goes away by itself.

import { Pager } from "./screen/pager.js";
import { drawTube, showTotal, showWay } from "./screen/drawing.js";

const IDLE_SECONDS = 3;

class HallScreen extends HTMLElement {
  #pager = null;
  #ending = null;
  #idling = 0;

  connectedCallback() {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    const standings = this.querySelector(".screen__standings");
    if (standings) this.#pager = new Pager(standings, this.querySelector('[data-screen="page"]'));
    const live = this.closest("live-appeal");
    live?.addEventListener("live-reading", (event) => this.#show(event.detail), { signal });
    document.addEventListener("keydown", (event) => this.#press(event), { signal });
    document.addEventListener("pointermove", () => this.#wake(), { signal });
    this.querySelector('[data-screen="full"]')?.addEventListener("click", toggleFullScreen, { signal });
    this.querySelector('[data-screen="hold"]')?.addEventListener("click", () => this.#hold(), { signal });
    this.querySelector('[data-screen="desk"]')?.removeAttribute("hidden");
    this.#sleepSoon();
  }

  disconnectedCallback() {
    clearTimeout(this.#idling);
    this.#ending?.abort();
    this.#pager?.stop();
  }

  #show({ reading, before }) {
    showTotal(this, reading, before);
    drawTube(this, reading);
    showWay(this, reading);
    this.#pager?.refresh();
  }

  #press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (key === "f") toggleFullScreen();
    else if (key === "p") this.#hold();
    else if (key === "tab") this.#wake();
  }

  #hold() {
    const button = this.querySelector('[data-screen="hold"]');
    const isHeld = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isHeld));
    this.#pager?.hold(isHeld);
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
