// Taps become commands, one after the other, each once: two quick taps on one button are one.

const ANSWER_MS = 8_000;
const REST_MS = 700; // a second tap within it was the same finger
const AGAIN_MS = 30_000; // later it is a new wish

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
  #unanswered = null; // the last command that had no answer: its name, its key, and when

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
    this.#queue = this.#queue.then(async () => {
      body.set("key", this.#keyFor(command));
      const answer = await send(form.action, body);
      button.removeAttribute("data-busy");
      // What was not answered may be tapped again at once: it is the same command.
      if (answer.status === 0) this.#pending.delete(command);
      else rested.then(() => this.#pending.delete(command));
      this.#unanswered =
        answer.status === 0 ? { command, key: body.get("key"), at: performance.now() } : null;
      // Apart, so that the next command goes out whatever comes of it here.
      queueMicrotask(() => this.onAnswer(answer.status, answer.told));
    });
  }

  #keyFor(command) {
    const last = this.#unanswered;
    const isAgain = last?.command === command && performance.now() - last.at < AGAIN_MS;
    return isAgain ? last.key : newKey();
  }
}

/** Status 0: no network, or no answer in time. `told` is null for what is no JSON of ours. */
async function send(address, body) {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: response.status, told: await response.json().catch(() => null) };
  } catch {
    return { status: 0, told: null };
  }
}
