// <count-sheet symbol="£" amount-box="id_amount">: the boxes for notes and coins add up as they are
// filled. The total goes into the amount box while nobody typed there; if somebody did and the two
// differ, both figures are named. Money is whole minor units; the server adds up again.
// <count-sheet steps> puts a minus and a plus beside each box, for thumbs.

class CountSheet extends HTMLElement {
  connectedCallback() {
    this.boxes = [...this.querySelectorAll("input[data-face]")];
    this.amountBox = document.getElementById(this.getAttribute("amount-box") ?? "");
    this.filled = null; // what we put into the amount box ourselves
    this.querySelector(".count-sheet__total").hidden = false;
    if (this.hasAttribute("steps")) for (const box of this.boxes) this.addSteps(box);
    this.addEventListener("input", () => this.update({ fill: true }));
    this.amountBox?.addEventListener("input", () => this.update({ fill: false }));
    this.update({ fill: true }); // quick fingers were here before the script
  }

  update({ fill }) {
    let totalMinor = 0;
    for (const box of this.boxes) {
      const lineMinor = Number(box.dataset.face) * pieces(box.value);
      const line = box.closest(".count-sheet__row").querySelector(".count-sheet__line");
      line.textContent = lineMinor ? this.words(lineMinor) : "";
      totalMinor += lineMinor;
    }
    this.querySelector(".count-sheet__sum").textContent = this.words(totalMinor);
    if (fill) this.fillAmount(totalMinor);
    this.compare(totalMinor);
  }

  addSteps(box) {
    const name = box.labels[0]?.textContent.trim().replace(/^How many\s+/, "") ?? "";
    box.before(this.step(box, -1, `One ${name} fewer`));
    box.after(this.step(box, 1, `One ${name} more`));
  }

  step(box, by, label) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "count-sheet__step";
    button.textContent = by < 0 ? "\u2212" : "+";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      box.value = String(Math.max(0, pieces(box.value) + by) || "");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return button;
  }

  fillAmount(totalMinor) {
    const box = this.amountBox;
    if (!box || (box.value.trim() && box.value !== this.filled)) return;
    this.filled = totalMinor ? figures(totalMinor) : "";
    box.value = this.filled;
  }

  compare(totalMinor) {
    const typedMinor = this.amountBox ? minorOf(this.amountBox.value) : null;
    const differ = totalMinor && typedMinor !== null && typedMinor !== totalMinor;
    this.querySelector(".count-sheet__word").textContent = differ
      ? `You typed ${this.words(typedMinor)}, and this comes to ${this.words(totalMinor)}.`
      : "";
  }

  words(minor) {
    return this.getAttribute("symbol") + figures(minor, { grouped: true });
  }
}

function pieces(text) {
  return /^[0-9]{1,6}$/.test(text.trim()) ? Number(text.trim()) : 0;
}

function figures(minor, { grouped = false } = {}) {
  const whole = String(Math.floor(minor / 100));
  const shown = grouped ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return `${shown}.${String(minor % 100).padStart(2, "0")}`;
}

function minorOf(text) {
  const found = /^[£€]?\s*([0-9][0-9,]{0,12})(?:\.([0-9]{1,2}))?$/.exec(text.trim());
  if (!found) return null;
  return Number(found[1].replaceAll(",", "")) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

customElements.define("count-sheet", CountSheet);
