// What was typed waits here, in the order of typing, until the server has it; over reloads too.

import { newKey } from "../new-key.js";

const ANSWER_MS = 8_000;
const AGAIN_MS = 2_000;

/**
 * `onChange(waiting)` is called with what waits, `onTaken()` after an entry was taken, and
 * `onRefused(item, message)` for one that the server understood and does not take.
 */
export class Outbox {
  #name;
  #waiting;
  #isSending = false;
  #timer = 0;

  constructor(name, { onChange, onTaken, onRefused }) {
    Object.assign(this, { onChange, onTaken, onRefused });
    this.#name = `desk:${name}`;
    this.#waiting = recall(this.#name);
    addEventListener("online", () => this.send());
    this.#changed();
    this.send();
  }

  /** Take what a form says; answers the entry's key. */
  add(form, words) {
    const fields = Object.fromEntries(new FormData(form));
    fields.entry = newKey();
    this.#waiting.push({ address: form.action, fields, words });
    this.#changed();
    this.send();
    return fields.entry;
  }

  /** Take the newest back before it went; false when none waits that was not tried yet. */
  takeBack() {
    const last = this.#waiting.at(-1);
    if (!last || (this.#isSending && this.#waiting.length === 1) || last.tried) return false;
    this.#waiting.pop();
    this.#changed();
    return true;
  }

  async send() {
    clearTimeout(this.#timer);
    if (this.#isSending) return;
    this.#isSending = true;
    let isDown = false;
    while (this.#waiting.length && !isDown) {
      const item = this.#waiting[0];
      item.tried = true;
      this.#keep();
      const { status, told } = await post(item);
      isDown = !(status === 201 || status === 409 || status === 422);
      if (isDown) break;
      this.#waiting.shift();
      this.#changed();
      if (status === 201) this.onTaken();
      else this.onRefused(item, told.message ?? Object.values(told.errors ?? {}).flat().join(" "));
    }
    this.#isSending = false;
    if (isDown) this.#timer = setTimeout(() => this.send(), AGAIN_MS);
  }

  #changed() {
    this.#keep();
    this.onChange(this.#waiting);
  }

  #keep() {
    try {
      localStorage.setItem(this.#name, JSON.stringify(this.#waiting));
    } catch {
      // No room, or not allowed: it waits in this page alone.
    }
  }
}

function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "[]");
  } catch {
    return [];
  }
}

/** Status 0: no network, or no answer in time. */
async function post({ address, fields }) {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(fields),
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: response.status, told: await response.json().catch(() => ({})) };
  } catch {
    return { status: 0, told: {} };
  }
}
