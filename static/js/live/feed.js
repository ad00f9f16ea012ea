// Where readings come from: the event stream, or the JSON API when no stream is to be had.
// It comes back by itself from whatever happens, and says how fresh the figures are.

const SILENCE_SECONDS = 35; // two heartbeats of 15 s, and some patience
const GRACE_SECONDS = 2; // a stream that is back within it was never lost to the eye
const POLL_SECONDS = 10;
const SLEEP_SECONDS = 20; // a clock that leaps so far: the machine slept, and its stream may be dead
const REOPEN_SECONDS = [3, 30]; // the wait before another stream is tried: doubled up to the last

/** Seconds, up to a third longer, so that a whole hall does not come back in one instant. */
const jittered = (seconds) => seconds * (1 + Math.random() / 3) * 1000;

/**
 * Calls `onReading(reading)` for each reading, `onFresh(asAt)` whenever the figures are known to
 * stand at a moment (a Date of the server's clock), and `onState(state)` with "live" or "lost".
 */
export class Feed {
  #stream = null;
  #timers = new Map();
  #etag = "";
  #lastAsAt = 0;
  #freshAt = 0;
  #watchedAt = 0;
  #reopenSeconds = REOPEN_SECONDS[0];

  constructor({ streamUrl, pollUrl, onReading, onFresh, onState }) {
    Object.assign(this, { streamUrl, pollUrl, onReading, onFresh, onState });
  }

  get isOpen() {
    return this.#timers.has("watch");
  }

  open() {
    if (this.isOpen) return;
    this.#freshAt = performance.now();
    this.#watchedAt = Date.now();
    this.#every("watch", 1, () => this.#watch());
    this.#openStream();
  }

  close() {
    this.#closeStream();
    for (const name of [...this.#timers.keys()]) this.#stop(name);
  }

  #openStream() {
    this.#closeStream();
    this.#stop("reopen");
    const stream = new EventSource(this.streamUrl);
    this.#stream = stream;
    stream.addEventListener("reading", (event) => this.#take(JSON.parse(event.data), "stream"));
    stream.addEventListener("heartbeat", (event) => this.#note(JSON.parse(event.data).as_at));
    stream.addEventListener("error", () => this.#lose(stream));
  }

  #closeStream() {
    this.#stream?.close();
    this.#stream = null;
  }

  #take(reading, source) {
    if (source === "stream") {
      this.#stop("poll");
      this.#stop("reopen");
      this.#stop("lost");
      this.#reopenSeconds = REOPEN_SECONDS[0];
    }
    this.onReading(reading);
    this.#note(reading.as_at);
    if (this.#silentSeconds < SILENCE_SECONDS) this.onState("live");
  }

  get #silentSeconds() {
    return (performance.now() - this.#freshAt) / 1000;
  }

  /** The figures stand as at that moment. Only a later one than before shows that all is well. */
  #note(asAt) {
    const moment = Date.parse(asAt);
    if (!(moment > this.#lastAsAt)) return;
    this.#lastAsAt = moment;
    this.#freshAt = performance.now();
    this.onFresh(new Date(moment));
    if (!this.#timers.has("lost")) this.onState("live");
  }

  #lose(stream) {
    if (stream !== this.#stream) return;
    if (!this.#timers.has("lost") && !this.#timers.has("poll")) {
      this.#after("lost", GRACE_SECONDS * 1000, () => this.onState("lost"));
    }
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    this.#closeStream();
    this.#reopenLater();
    if (!this.#timers.has("poll")) {
      this.#every("poll", POLL_SECONDS * (1 + Math.random() / 3), () => this.#poll());
      this.#poll();
    }
  }

  #reopenLater() {
    this.#after("reopen", jittered(this.#reopenSeconds), () => this.#openStream());
    this.#reopenSeconds = Math.min(this.#reopenSeconds * 2, REOPEN_SECONDS[1]);
  }

  async #poll() {
    try {
      const response = await fetch(this.pollUrl, {
        headers: this.#etag ? { "If-None-Match": this.#etag } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(POLL_SECONDS * 1000),
      });
      if (!this.#timers.has("poll")) return;
      if (response.status === 200) {
        this.#etag = response.headers.get("ETag") ?? "";
        this.#stop("lost");
        this.#take(await response.json(), "poll");
      } else if (response.status === 304) {
        this.#stop("lost");
        this.#note(response.headers.get("Date"));
      } else {
        this.onState("lost");
      }
    } catch {
      this.onState("lost"); // no network: the next poll tries again
    }
  }

  #watch() {
    if (this.#hasSlept()) {
      this.onState("lost"); // until a reading comes: what is shown may be hours old
      this.#freshAt = performance.now(); // the silence begins now
      this.#openStream();
      return;
    }
    if (this.#silentSeconds < SILENCE_SECONDS) return;
    this.onState("lost");
    // A stream can be dead without the browser's knowing, for instance after the laptop slept.
    if (this.#stream !== null && !this.#timers.has("reopen")) this.#reopenLater();
  }

  /** Only the leap counts, not what the clock says. Timers of hidden pages leap as well. */
  #hasSlept() {
    const seconds = (Date.now() - this.#watchedAt) / 1000;
    this.#watchedAt = Date.now();
    return seconds > SLEEP_SECONDS && !document.hidden;
  }

  #after(name, milliseconds, action) {
    this.#stop(name);
    const id = setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, milliseconds);
    this.#timers.set(name, () => clearTimeout(id));
  }

  #every(name, seconds, action) {
    this.#stop(name);
    const id = setInterval(action, seconds * 1000);
    this.#timers.set(name, () => clearInterval(id));
  }

  #stop(name) {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
