/**
 * The lectern: one thing at a time, by a clicker, keys or a thumb. It holds all that may be read, so
 * that it goes on without a connection; what was read meanwhile is told when there is one again.
 */

const EVERY_MS = 2_000;
const GIVE_UP_MS = 6_000;

const page = document.querySelector("[data-lectern]");
const part = (name) => page.querySelector(`[data-lectern-part="${name}"]`);
const form = part("form");
const token = form.elements.csrfmiddlewaretoken.value;
const STORE = `lectern ${page.dataset.lectern}`;

let told = JSON.parse(document.getElementById("lectern-told").textContent);
let here = form.elements.item.value || null; // the thing that stands there
let shown = null; // as it was shown last: it may be taken away
let isLost = null;
let unsent = JSON.parse(sessionStorage.getItem(STORE) ?? "[]"); // no name in it: what, and which

const byItem = () => new Map(told.items.map((one) => [one.item, one]));

/** How it stands with what was decided here and is not told yet. */
function stateOf(one) {
  const decided = unsent.find(({ item }) => item === one.item);
  if (!decided || one.state !== "ready") return one.state;
  return decided.decision === "skip" ? "skipped" : "read";
}

const ready = () => told.items.filter((one) => stateOf(one) === "ready");

/** What is behind us, in the order in which it was read: told, and then what is still to be told. */
function behind() {
  const items = byItem();
  const sent = told.items.filter((one) => one.done).sort((a, b) => a.done - b.done);
  const later = unsent.map(({ item }) => items.get(item)).filter((one) => one && !one.done);
  return [...sent, ...later];
}

function line(name, text) {
  const made = document.createElement("p");
  made.className = `lectern__${name}`;
  made.textContent = text;
  return made;
}

function linesOf(one, mark) {
  const amount = line("amount", one.amount);
  if (one.every) {
    const every = document.createElement("span");
    every.className = "lectern__every";
    every.textContent = one.every;
    amount.append(" ", every);
  }
  const where = one.where ? [line("where", one.where)] : [];
  return [amount, line("who", one.who), ...where, line("mark", mark)];
}

function markOf(one, isThere) {
  if (!isThere) return "Taken back: do not read it out.";
  const state = stateOf(one);
  if (one.gone) return `${one.gone} It was read before.`;
  return { read: "Read already", skipped: "Skipped" }[state] ?? "";
}

function draw() {
  const items = byItem();
  if (here === null) here = ready()[0]?.item ?? null;
  const now = items.get(here) ?? null;
  shown = now ?? (here === null ? null : shown);
  const key = JSON.stringify([shown, now ? stateOf(now) : null]);
  const article = part("item");
  if (article.dataset.key !== key) {
    article.dataset.key = key;
    article.classList.toggle("lectern__item--gone", Boolean(shown) && (!now || Boolean(now.gone)));
    article.dataset.length = shown?.length ?? "short";
    article.replaceChildren(
      ...(shown
        ? linesOf(shown, markOf(shown, Boolean(now)))
        : [line("none", "Nothing to read now."), line("mark", "What is let through stands here by itself.")]),
    );
  }
  const left = ready().length;
  part("count").textContent = `${left} to read, ${told.waiting} waiting to be let through`;
  part("skip").disabled = !now || stateOf(now) !== "ready";
  part("next").textContent = now && stateOf(now) === "ready" ? "Read: next" : "Next";
  const isFirst = !before();
  part("back").toggleAttribute("data-off", isFirst);
  part("back").setAttribute("aria-disabled", String(isFirst));
}

/** What stood before this: of what is behind us the one before it, or the last. */
function before() {
  const done = behind().map((one) => one.item);
  const at = done.indexOf(here);
  return at === -1 ? done.at(-1) : done[at - 1];
}

function after() {
  const done = behind().map((one) => one.item);
  const at = done.indexOf(here);
  return at === -1 ? undefined : done[at + 1];
}

function back() {
  here = before() ?? here;
  draw();
}

function decide(decision) {
  const now = byItem().get(here);
  if (now && stateOf(now) === "ready") {
    unsent.push({ item: here, decision, key: crypto.randomUUID() });
    keep();
    send();
    here = null;
  } else {
    here = after() ?? null;
  }
  draw();
}

const next = () => decide("read");
const skip = () => {
  if (!part("skip").disabled) decide("skip");
};

function keep() {
  sessionStorage.setItem(STORE, JSON.stringify(unsent));
}

function say(isUnreachable, why) {
  if (isUnreachable && isLost === null) isLost = new Date();
  if (!isUnreachable) isLost = null;
  const lost = part("lost");
  lost.hidden = isLost === null;
  if (isLost === null) return;
  const since = isLost.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const text = why ?? `No connection since ${since}. What is here can be read out: go on.`;
  if (lost.textContent !== text) lost.textContent = text;
}

const LOGGED_OUT = "Your log-in has ended. What is here can be read out; then log in again.";

async function ask(address, options) {
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(GIVE_UP_MS) });
  const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (answer.redirected || answer.status === 403) throw new Error(LOGGED_OUT);
  if (!isOurs && answer.status !== 404) throw new Error("");
  return answer;
}

let sending = Promise.resolve();

/** One after the other, in their order; the same key again is the same decision. */
function send() {
  sending = sending.then(async () => {
    while (unsent.length) {
      const [{ item, decision, key }] = unsent;
      const body = new URLSearchParams({ item, decision, key, seen: 0 });
      const headers = { Accept: "application/json", "X-CSRFToken": token };
      await ask(page.dataset.decide, { method: "POST", body, headers });
      for (const one of told.items) {
        if (one.item !== item) continue;
        one.state = decision === "skip" ? "skipped" : "read"; // until we are told where it stands
        one.done ||= Number.MAX_SAFE_INTEGER - unsent.length;
      }
      unsent.shift();
      keep();
    }
  });
  sending = sending.catch((error) => say(true, error.message === LOGGED_OUT ? LOGGED_OUT : undefined));
  return sending;
}

async function look() {
  try {
    await send();
    if (unsent.length) return; // what we would be told is older than what we know
    const answer = await ask(page.dataset.lectern);
    const news = await answer.json();
    if (unsent.length) return;
    told = news;
    say(false);
    draw();
  } catch (error) {
    say(true, error.message === LOGGED_OUT ? LOGGED_OUT : undefined);
  }
}

const KEYS = {
  PageDown: next,
  ArrowRight: next,
  ArrowDown: next,
  " ": next,
  Enter: next,
  PageUp: back,
  ArrowLeft: back,
  ArrowUp: back,
  s: skip,
  S: skip,
};

addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  const isPressing = event.key === " " || event.key === "Enter";
  if (isPressing && event.target.closest?.("a[href], button")) return; // that one is pressed
  event.preventDefault();
  if (!event.repeat) act(); // a clicker's button that is held is one step
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  decide(event.submitter?.value === "skip" ? "skip" : "read");
});
for (const name of ["back", "next"]) {
  const link = part(name);
  if (!link.matches("a")) continue;
  const made = document.createElement("button"); // the page stays: it holds what is to be read
  made.type = "button";
  made.className = link.className;
  made.dataset.lecternPart = name;
  made.textContent = link.textContent;
  made.addEventListener("click", name === "back" ? back : next);
  link.replaceWith(made);
}

async function stayAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // A browser may refuse: the screen is then as awake as it was.
  }
}

async function again() {
  await look();
  setTimeout(again, EVERY_MS);
}

addEventListener("online", look);
document.addEventListener("visibilitychange", () => document.hidden || (stayAwake(), look()));
stayAwake();
draw();
setTimeout(again, EVERY_MS);
