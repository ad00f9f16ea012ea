// Puts what the hall sees, and what is true, into the marks of the remote (data-stage).

import { formatTime } from "../live/figures.js";
import { formatMoney, fromMinor, toMinor } from "../live/money.js";

const LONG = 10; // characters that half of a small phone holds at full size

const put = (root, name, text) => {
  for (const mark of root.querySelectorAll(`[data-stage="${name}"]`)) {
    if (mark.textContent !== text) mark.textContent = text;
    mark.toggleAttribute("data-length", false);
    if (text.length > LONG) mark.dataset.length = "long";
  }
};

/** `hall` is the hall's reading; `true_` has the true `raised` and `promised`. */
export function showHall(root, hall, true_, timeZone) {
  const { hall: direction } = hall;
  put(root, "shown", formatMoney(hall.raised));
  put(
    root,
    "held-since",
    direction.is_held ? `held since ${formatTime(new Date(direction.held_at), timeZone)}` : "live",
  );
  root
    .querySelector('[data-stage="figures"]')
    .classList.toggle("stage__figures--held", direction.is_held);
  put(root, "next", nextWords(direction));
  put(root, "promised-word", direction.shows_promised ? "shown to the hall" : "not shown");
  press(root, `scene:${direction.scene}`, (value) => value.startsWith("scene:"));
  press(root, direction.announces_milestone ? "announce" : "", (value) => value === "announce");
  showWhen(root, {
    free: !direction.is_held,
    held: direction.is_held,
    "has-notice": direction.notice !== "",
    "promised-shown": direction.shows_promised,
    "promised-hidden": !direction.shows_promised,
  });
  for (const seen of root.querySelectorAll('input[name="seen"]')) seen.value = direction.step;
  if (true_) showAhead(root, hall, true_);
}

export function showTrue(root, true_, hall) {
  put(root, "true", formatMoney(true_.raised));
  put(root, "promised", formatMoney(true_.promised));
  if (hall) showAhead(root, hall, true_);
}

/** What was done last, and what an undo would undo. */
export function showSteps(root, { last, undo }, timeZone) {
  put(
    root,
    "last",
    last ? `${last.what}, by ${last.who}, ${formatTime(new Date(last.at), timeZone)}` : "nothing yet",
  );
  put(root, "undo", undo?.what ?? "");
  put(root, "back", undo?.back ? `After an undo ${undo.back}.` : "");
  showWhen(root, { undo: undo !== null });
}

export function showTime(root, moment, timeZone) {
  put(root, "as-at", formatTime(moment, timeZone));
}

function showAhead(root, hall, true_) {
  const ahead = toMinor(true_.raised) - toMinor(hall.raised);
  const words = ahead < 0 ? "less than the hall sees" : "the same";
  put(root, "ahead", ahead > 0 ? `${formatMoney(fromMinor(ahead, true_.raised))} more` : words);
}

function nextWords({ next_milestone: next, announces_milestone: isTold }) {
  if (next === null) return "All are reached.";
  const percent = next.percent === null ? "" : ` (${next.percent}%)`;
  const told = isTold ? " · the hall is told" : "";
  return `${formatMoney(next.amount)}${percent}: ${formatMoney(next.to_go)} to go${told}`;
}

function press(root, pressed, isMeant) {
  for (const button of root.querySelectorAll("button[aria-pressed]")) {
    if (isMeant(button.value)) button.setAttribute("aria-pressed", String(button.value === pressed));
  }
}

function showWhen(root, conditions) {
  for (const part of root.querySelectorAll("[data-stage-when]")) {
    const name = part.dataset.stageWhen;
    if (!(name in conditions)) continue;
    const hides = !conditions[name];
    // Whoever stands on a button by keyboard is not left nowhere when it goes.
    if (hides && part === document.activeElement) root.querySelector(`[data-stage="figures"]`).focus();
    part.hidden = hides;
  }
}
