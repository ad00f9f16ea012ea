/**
 * <altcha-check data-challenge="address" data-worker="address">: does the sum that the form needs
 * (ALTCHA's proof of work) as soon as the page is there, and puts the answer into the form.
 *
 * A form that is sent before it is done waits for it, and goes by itself. An answer that has run out
 * is found anew. Buttons with data-check-free need none.
 */

const MOST_WORKERS = 4;
const LONGEST_MS = 120_000;
const WORDS = {
  working: "Your browser is doing the sum …",
  waiting: "One moment: your browser is finishing the sum. Then you go on by yourself.",
  done: "Done. Thank you.",
  failed: "Your browser could not do the sum. There is another way: see below.",
};

class AltchaCheck extends HTMLElement {
  #form;
  #workers = [];
  #expiry;
  #submitter = null;

  connectedCallback() {
    this.#form = this.closest("form");
    this.#form.addEventListener("submit", (event) => this.#onSubmit(event));
    this.#form.addEventListener("keydown", (event) => this.#onKey(event));
    // Back to a page that the browser kept: its answer was used.
    addEventListener("pageshow", (event) => event.persisted && this.#start());
    this.#start();
  }

  disconnectedCallback() {
    this.#stop();
  }

  get #answer() {
    return this.querySelector("input[name=altcha]");
  }

  async #start() {
    this.#stop();
    this.#answer.value = "";
    this.#show("working");
    try {
      const answer = await fetch(this.dataset.challenge, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`the challenge answers ${answer.status}`);
      const challenge = await answer.json();
      const solution = await this.#solve(challenge);
      this.#answer.value = btoa(JSON.stringify({ challenge, solution }));
      const lives = challenge.parameters.expiresAt * 1000 - Date.now();
      this.#expiry = setTimeout(() => this.#start(), Math.max(lives - 5000, 60_000));
      this.#show("done");
      this.#send();
    } catch {
      this.#show("failed");
      this.#submitter = null;
      const otherWay = document.getElementById("other-way");
      if (otherWay) otherWay.open = true;
    } finally {
      this.#endWorkers();
    }
  }

  /** Each worker tries every n-th number; the first that finds it wins. */
  #solve(challenge) {
    if (!crypto.subtle) return Promise.reject(new Error("no crypto.subtle: not a secure address"));
    const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2));
    return new Promise((resolve, reject) => {
      for (let start = 0; start < count; start += 1) {
        const worker = new Worker(this.dataset.worker);
        this.#workers.push(worker);
        worker.onmessage = ({ data }) => (data?.derivedKey ? resolve(data) : reject(new Error("no answer")));
        worker.onerror = () => reject(new Error("the worker failed"));
        worker.postMessage({
          type: "work",
          challenge,
          counterMode: "uint32",
          counterStart: start,
          counterStep: count,
          timeout: LONGEST_MS,
        });
      }
    });
  }

  #onSubmit(event) {
    if (this.dataset.state === "done" || event.submitter?.hasAttribute("data-check-free")) return;
    if (this.dataset.state === "failed") return; // let the server say what to do
    event.preventDefault();
    this.#submitter = event.submitter ?? this.#form.querySelector("button[type=submit]");
    this.#show("waiting");
  }

  #send() {
    const submitter = this.#submitter;
    this.#submitter = null;
    if (submitter) this.#form.requestSubmit(submitter);
  }

  /** Enter in the box for the link's address sends the link, not the donation. */
  #onKey(event) {
    if (event.key !== "Enter" || event.target.name !== "link_email") return;
    event.preventDefault();
    this.#form.requestSubmit(this.#form.querySelector("[data-check-free]"));
  }

  #show(state) {
    this.dataset.state = state;
    this.querySelector(".check__state").textContent = WORDS[state];
  }

  #stop() {
    clearTimeout(this.#expiry);
    this.#endWorkers();
  }

  #endWorkers() {
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }
}

customElements.define("altcha-check", AltchaCheck);
