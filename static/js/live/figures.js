// Puts a reading into the marks of a page (data-live, data-live-when); see static/css/README.md.

import { formatMoney, fromMinor, toMinor } from "./money.js";

const COUNT_UP_MILLISECONDS = 900;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Every amount of a reading, by the name of its mark. */
function moneyOf(reading) {
  return {
    raised: reading.raised,
    target: reading.target,
    "to-go": reading.to_go,
    "stretch-target": reading.stretch_target,
    promised: reading.promised,
    "promised-monthly": reading.promised_monthly,
    "counted-not-banked": reading.counted_not_banked,
    "no-branch": reading.no_branch,
    ...reading.by_method,
  };
}

export const isTargetReached = (reading) => toMinor(reading.raised) >= toMinor(reading.target);

/** Show a reading; `before` is the one shown until now, or null. */
export function showFigures(root, reading, before) {
  const money = moneyOf(reading);
  for (const mark of root.querySelectorAll("[data-live]")) {
    const name = mark.dataset.live;
    if (name === "raised") countUp(mark, reading.raised, before?.raised);
    else if (money[name]) mark.textContent = formatMoney(money[name]);
    else if (name === "percent") mark.textContent = `${reading.percent}%`;
    else if (name === "card-donations") mark.textContent = String(reading.card_donations);
    else if (name === "collections") mark.textContent = String(reading.collections);
    else if (name === "being-counted") mark.textContent = buckets(reading.being_counted);
    else if (name === "fill") fill(mark, reading.percent);
  }
  const conditions = {
    "target-reached": isTargetReached(reading),
    "target-not-reached": !isTargetReached(reading),
    "being-counted": reading.being_counted > 0,
  };
  for (const part of root.querySelectorAll("[data-live-when]")) {
    const name = part.dataset.liveWhen;
    const isShown = conditions[name] ?? (money[name] ? toMinor(money[name]) !== 0 : false);
    part.toggleAttribute("hidden", !isShown); // a drawn part has no such property
  }
}

const buckets = (number) => (number === 1 ? "1 bucket" : `${number} buckets`);

/** Show the moment as at which the figures stand, by the clock of the organisation. */
export function showAsAt(root, moment, timeZone) {
  const text = formatTime(moment, timeZone);
  for (const mark of root.querySelectorAll('[data-live="as-at"]')) {
    mark.textContent = text;
    mark.setAttribute("datetime", moment.toISOString());
  }
}

/** 20:14, by the clock of the organisation. */
export function formatTime(moment, timeZone) {
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: timeZone || undefined,
  }).format(moment);
}

/** 20:14, or with its day where that is not today: "20:14 on 21 November". */
export function formatMoment(moment, timeZone) {
  const dayOf = (date) =>
    new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "long",
      timeZone: timeZone || undefined,
    }).format(date);
  const time = formatTime(moment, timeZone);
  return dayOf(moment) === dayOf(new Date()) ? time : `${time} on ${dayOf(moment)}`;
}

/** Move `from` to `to` over about a second, calling `draw` with each value; at once when calm. */
export function glide(from, to, draw) {
  if (calm.matches || document.hidden || from === to) {
    draw(to);
    return () => {};
  }
  const begun = performance.now();
  let frame = 0;
  const step = (now) => {
    const done = Math.min(1, Math.max(0, now - begun) / COUNT_UP_MILLISECONDS);
    draw(done === 1 ? to : from + (to - from) * (1 - (1 - done) ** 3));
    if (done < 1) frame = requestAnimationFrame(step);
  };
  frame = requestAnimationFrame(step);
  // Where no frames are drawn (a hidden tab), the true figure stands all the same.
  const last = setTimeout(() => {
    cancelAnimationFrame(frame);
    draw(to);
  }, COUNT_UP_MILLISECONDS + 200);
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(last);
  };
}

const running = new WeakMap();

/** `glide` for one element: a newer movement takes the older one's place. */
export function glideOn(element, from, to, draw) {
  running.get(element)?.();
  running.set(element, glide(from, to, draw));
}

function countUp(mark, money, before) {
  const to = toMinor(money);
  const from = before && before.currency === money.currency ? toMinor(before) : to;
  const unit = 10 ** (money.amount.split(".")[1]?.length ?? 0);
  glideOn(mark, from, to, (value) => {
    // Whole pounds on the way: pence that flicker cannot be read.
    const shown = value === to ? to : Math.round(value / unit) * unit;
    mark.textContent = formatMoney(fromMinor(shown, money));
    if ("liveLength" in mark.dataset) mark.dataset.liveLength = mark.textContent.length;
  });
}

function fill(mark, percent) {
  const attribute = mark.dataset.liveAttribute || "height";
  const to = Math.min(100, Math.max(0, percent));
  const from = Number(mark.getAttribute(attribute)) || 0;
  glideOn(mark, from, to, (value) => mark.setAttribute(attribute, value));
}
