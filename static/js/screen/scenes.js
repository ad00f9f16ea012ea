// The scene that fills the screen: all of them stand in the page, and `data-scene` chooses.

const SIZES = 16; // of a notice: see static/css/screen/notice.css

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Scenes {
  #screen;
  #words;
  #wanted; // what is shown, or is just being faded to
  #observer;

  /** `words` is the paragraph of the notice; it is set as large as it fits into its parent. */
  constructor(screen, words) {
    this.#screen = screen;
    this.#words = words;
    this.#wanted = nameOf(screen.dataset.scene, words.textContent);
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(words.parentElement);
    document.fonts.ready.then(() => this.#fit());
  }

  stop() {
    this.#observer.disconnect();
  }

  show({ hall, league }) {
    // A league table that there is not gives way to the tube.
    const scene = hall.scene === "league" && league.length === 0 ? "thermometer" : hall.scene;
    const { notice } = hall;
    const wanted = nameOf(scene, notice);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    crossFade(() => {
      this.#screen.dataset.scene = scene;
      this.#words.textContent = notice;
      this.#fit();
    });
  }

  #fit() {
    const box = this.#words.parentElement;
    if (box.clientHeight === 0) return; // another scene is shown
    for (let size = SIZES; size >= 1; size -= 1) {
      this.#words.dataset.size = size;
      const fits = this.#words.offsetHeight <= box.clientHeight && this.#words.scrollWidth <= box.clientWidth;
      if (fits) return;
    }
  }
}

const nameOf = (scene, notice) => JSON.stringify([scene, notice]);

/** Where the browser can and the visitor does not mind; the change is made either way. */
function crossFade(change) {
  if (!document.startViewTransition || calm.matches || document.hidden) {
    change();
    return;
  }
  const fade = document.startViewTransition(change);
  // A newer scene cuts a fade short: that is no error.
  fade.ready.catch(() => {});
  fade.finished.catch(() => {});
}
