// <desk-differences part>: keeps the comparison current while two people type.

const EVERY_MS = 3_000;

class DeskDifferences extends HTMLElement {
  connectedCallback() {
    this.timer = setInterval(() => this.#look(), EVERY_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  async #look() {
    // What is under a thumb or a finger stays where it is.
    if (document.hidden || this.contains(document.activeElement)) return;
    try {
      const answer = await fetch(this.getAttribute("part"), { redirect: "error" });
      if (!answer.ok) return;
      const wanted = new DOMParser().parseFromString(await answer.text(), "text/html");
      const isNews = wanted.body.textContent !== this.textContent;
      if (isNews) this.replaceChildren(...wanted.body.childNodes);
    } catch {
      // The next look tries again.
    }
  }
}

customElements.define("desk-differences", DeskDifferences);
