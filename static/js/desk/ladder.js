// The ladder: each tap is a hand, and what was counted is said before it is taken down.

/** `onCount(words, hands)` is called with "3 at £500, 1 at £20" and how many hands that is. */
export class Ladder {
  #steps;

  constructor(box, { onCount }) {
    this.onCount = onCount;
    this.#steps = [...box.querySelectorAll("[data-desk-step]")].map((step) => makeTap(step));
    box.addEventListener("click", (event) => this.#tap(event.target.closest(".desk__tap")));
    box.addEventListener("input", () => this.#count());
  }

  clear() {
    for (const { input } of this.#steps) input.value = "";
    this.#count();
  }

  get words() {
    const counted = this.#steps.filter(({ input }) => hands(input));
    return counted.map(({ input, name }) => `${hands(input)} at ${name}`).join(", ");
  }

  #tap(button) {
    if (!button) return;
    const { input } = this.#steps.find((step) => step.button === button);
    input.value = String(hands(input) + 1);
    this.#count();
  }

  #count() {
    this.onCount(this.words, this.#steps.reduce((sum, { input }) => sum + hands(input), 0));
  }
}

function makeTap(step) {
  const [label, input] = [step.querySelector("label"), step.querySelector("input")];
  const name = label.textContent.trim();
  const button = document.createElement("button");
  button.type = "button";
  button.className = "desk__tap";
  button.textContent = name;
  button.setAttribute("aria-label", `One more hand at ${name}`);
  input.setAttribute("aria-label", `Hands at ${name}`);
  label.hidden = true;
  step.prepend(button);
  return { button, input, name };
}

const hands = (input) => (/^[0-9]{1,2}$/.test(input.value.trim()) ? Number(input.value) : 0);
