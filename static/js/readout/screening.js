/** Keeps the read-out queue current while people decide: what is under a thumb stays where it is. */

const EVERY_MS = 3_000;
const GIVE_UP_MS = 8_000;

const page = document.querySelector("[data-read-out]");
const lists = page.querySelector("[data-read-out-lists]");
const lost = page.querySelector("[data-read-out-lost]");
const news = page.querySelector("[data-read-out-news]");

const LOST = lost.textContent;
const LOGGED_OUT = "Your log-in has ended. Nothing more is taken here: open this page again.";

/** What is answered by our own page, and not by the way to log in. */
async function ask(address, options) {
  const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (answer.redirected) throw new Error(LOGGED_OUT);
  return answer;
}

function sayLost(error) {
  lost.textContent = error.message === LOGGED_OUT ? LOGGED_OUT : LOST;
  lost.hidden = false;
}

const itemsOf = (list) => new Map([...list.children].map((one) => [one.dataset.item, one]));

/** Whether a person is just at it: neither replaced nor moved from under them. */
const isHeld = (item) => item.contains(document.activeElement) && document.hasFocus();

function renew(list, wanted) {
  const present = itemsOf(list);
  const coming = itemsOf(wanted);
  for (const [key, item] of present) if (!coming.has(key)) item.remove();
  let before = null;
  for (const [key, item] of coming) {
    const old = present.get(key);
    const isSame = old && old.dataset.version === item.dataset.version;
    const kept = isSame || (old && isHeld(old) && !old.hasAttribute("data-decided")) ? old : item;
    if (old && kept !== old) old.replaceWith(kept);
    const place = before ? before.nextElementSibling : list.firstElementChild;
    if (place !== kept) list.insertBefore(kept, place);
    before = kept;
  }
}

function show(html) {
  const wanted = new DOMParser().parseFromString(html, "text/html");
  const fresh = wanted.querySelectorAll("[data-read-out-list]");
  if (!fresh.length) throw new Error("not the lists"); // an error's page
  const count = page.querySelector("[data-read-out-count]");
  const waiting = wanted.querySelector("[data-read-out-count]").textContent;
  if (Number(waiting) > Number(count.textContent)) news.textContent = `${waiting} to decide`;
  count.textContent = waiting;
  for (const list of fresh) {
    renew(lists.querySelector(`[data-read-out-list="${list.dataset.readOutList}"]`), list);
  }
}

let asked = 0;

async function look() {
  const mine = ++asked;
  try {
    const answer = await ask(page.dataset.readOut);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const html = await answer.text();
    if (mine === asked) show(html);
    lost.hidden = true;
  } catch (error) {
    sayLost(error);
  }
}

async function again() {
  if (!document.hidden) await look();
  setTimeout(again, EVERY_MS);
}

lists.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { target: form, submitter } = event;
  const item = form.closest("[data-item]");
  if (item.hasAttribute("data-decided")) return;
  item.setAttribute("data-decided", "");
  const told = new FormData(form, submitter);
  const next = item.nextElementSibling ?? item.previousElementSibling;
  try {
    const answer = await ask(form.action, {
      method: "POST",
      body: new URLSearchParams(told),
      headers: { Accept: "application/json" },
    });
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    if (!isOurs) throw new Error(`${answer.status}`);
    if (!answer.ok) news.textContent = (await answer.json()).message ?? "";
    next?.querySelector("button")?.focus({ preventScroll: true });
    await look();
  } catch (error) {
    sayLost(error); // it may have been taken: the same key again is the same decision
  } finally {
    item.removeAttribute("data-decided");
  }
});

addEventListener("visibilitychange", () => document.hidden || look());
setTimeout(again, EVERY_MS);
