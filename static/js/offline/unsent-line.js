// <unsent-line worker="/sw.js">: the line on top of every counter's and treasurer's page, "3 waiting to be
// sent". It also starts the service worker, and sends what waits: when the page comes, when the signal or
// the visitor comes back, and from time to time.

import { canKeep, isKeptCopy, sending, store } from "./keeping.js";

class UnsentLine extends HTMLElement {
  connectedCallback() {
    if (!canKeep) return;
    this.link = this.querySelector(".unsent__link");
    this.word = this.querySelector(".unsent__word");
    navigator.serviceWorker.register(this.getAttribute("worker")).catch(() => {}); // then without one
    addEventListener("online", () => this.send());
    addEventListener("offline", () => this.show());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.send();
    });
    store.listen(() => this.show());
    this.show();
    this.send();
  }

  // With `now` also what waits for its turn: something happened that may have brought the signal back.
  async send({ now = true } = {}) {
    clearTimeout(this.timer);
    await sending.send({ now });
    await this.show();
    await this.sendLater();
  }

  async sendLater() {
    const pauses = (await waiting()).map(sending.dueIn);
    clearTimeout(this.timer);
    if (pauses.length) {
      this.timer = setTimeout(() => this.send({ now: false }), Math.max(1000, Math.min(...pauses)));
    }
  }

  async show() {
    const items = await store.all();
    const words = [...say(items)].join(", ");
    if (this.link.textContent !== words) this.link.textContent = words;
    this.link.hidden = !words;
    this.word.hidden = !(isKeptCopy || !navigator.onLine || sending.isWithoutSignal());
    this.hidden = this.link.hidden && this.word.hidden;
    showOnTheIcon(items.length);
  }
}

async function waiting() {
  return (await store.all()).filter((item) => item.state === "waiting");
}

function* say(items) {
  const count = (test) => items.filter(test).length;
  const [waits, logIns] = [count(waitsForTurn), count((item) => item.needs === "log-in")];
  const [others, refused] = [
    count((item) => item.needs === "other-log-in"), count((item) => item.state === "refused"),
  ];
  if (waits) yield `${waits} waiting to be sent`;
  if (logIns) yield `Log in to send ${logIns}`;
  if (others) yield `${others} of another log-in waiting to be sent`;
  if (refused) yield `${refused} not taken`;
}

const waitsForTurn = (item) => item.state === "waiting" && !item.needs;

function showOnTheIcon(number) {
  const shown = number ? navigator.setAppBadge?.(number) : navigator.clearAppBadge?.();
  shown?.catch(() => {}); // not an installed app
}

customElements.define("unsent-line", UnsentLine);
