// Taps become commands, one after the other, each once: two quick taps on one button are one.

const ANSWER_MS = 8_000;
const REST_MS = 700; // a second tap within it was the same finger

/** A random UUID; over plain HTTP in a hall's own network browsers have no `randomUUID`. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const rest = () => new Promise((done) => setTimeout(done, REST_MS));

/**
 * Sends commands. Calls `onAnswer(status, told)` with what the server told (null when it was not
 * our JSON), or with status 0 when there was no answer: the command may have arrived, and the next
 * tap on it is the same command.
 */
export class Taps {
  #queue = Promise.resolve();
  #pending = new Set();
  #unanswered = new Map(); // command -> its key

  constructor({ onAnswer }) {
    this.onAnswer = onAnswer;
  }

  tap(form, button) {
    const body = new FormData(form);
    body.set("do", button.value);
    const command = `${button.value} ${body.get("notice") ?? ""}`;
    if (this.#pending.has(command)) return;
    this.#pending.add(command);
    button.setAttribute("data-busy", "");
    const rested = rest();
    body.set("key", this.#unanswered.get(command) ?? newKey());
    this.#queue = this.#queue.then(async () => {
      await this.#send(form.action, command, body);
      button.removeAttribute("data-busy");
      rested.then(() => this.#pending.delete(command));
    });
  }

  async #send(address, command, body) {
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: { Accept: "application/json" },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const told = await response.json().catch(() => null); // a proxy's page, or a refused form
      this.#unanswered.delete(command);
      this.onAnswer(response.status, told);
    } catch {
      this.#unanswered.set(command, body.get("key"));
      this.onAnswer(0, null);
    }
  }
}
