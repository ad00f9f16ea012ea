// The parts of the hall screen that are drawn large: the title, the total, the way to give.

import { glideOn } from "../live/figures.js";
import { formatMoney, fromMinor, toMinor } from "../live/money.js";

const TITLE_SIZES = [[18, "large"], [36, "medium"], [70, "small"]]; // as in appeals/screen.py

export function showTitle(screen, reading) {
  const title = screen.querySelector('[data-screen="title"]');
  if (title.textContent === reading.title) return;
  title.textContent = reading.title;
  const size = TITLE_SIZES.find(([most]) => [...reading.title].length <= most)?.[1] ?? "tiny";
  title.className = `screen__title screen__title--${size}`;
}

/** The total: large pounds, small pence, in a size that fits. */
export function showTotal(screen, reading, before) {
  const total = screen.querySelector(".screen__total");
  const [pounds, pence] = [total.querySelector('[data-screen="pounds"]'), total.querySelector('[data-screen="pence"]')];
  const to = toMinor(reading.raised);
  const isSame = before?.raised.currency === reading.raised.currency;
  const unit = 10 ** (reading.raised.amount.split(".")[1]?.length ?? 0);
  glideOn(total, isSame ? toMinor(before.raised) : to, to, (value) => {
    const shown = value === to ? to : Math.round(value / unit) * unit;
    const [large, small] = formatMoney(fromMinor(shown, reading.raised)).split(".");
    pounds.textContent = large;
    pence.textContent = small ? `.${small}` : "";
    total.className = `screen__total screen__total--${large.length}`;
  });
}

/** The QR code and the address go when the appeal is closed. */
export function showWay(screen, reading) {
  const isOpen = reading.status === "open";
  for (const part of screen.querySelectorAll('[data-screen="give"]')) part.hidden = !isOpen;
  if (!isOpen) screen.querySelector('[data-screen="over"]').hidden = false;
}
