// <ticked-sum symbol="£">: says what the ticked rows come to while they are ticked and unticked.
// Each box has its amount in `data-minor`, whole minor units. The server adds up again.

class TickedSum extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.hidden = false;
    this.form.addEventListener("change", () => this.update());
    this.update();
  }

  update() {
    const ticked = [...this.form.querySelectorAll("input[data-minor]:checked")];
    const minor = ticked.reduce((sum, box) => sum + Number(box.dataset.minor), 0);
    const words = (minor / 100).toLocaleString("en-GB", { minimumFractionDigits: 2 });
    this.querySelector("output").textContent = `${this.getAttribute("symbol")}${words}`;
  }
}

customElements.define("ticked-sum", TickedSum);
