// The parts of the hall screen that are drawn: the total, the tube, the way to give.

import { glideOn, isTargetReached } from "../live/figures.js";
import { formatMoney, fromMinor, toMinor } from "../live/money.js";

const TUBE_UNITS = 1000;

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

/** The mercury and the line of the target; see `Tube` in appeals/screen.py. */
export function drawTube(screen, reading) {
  const raised = Math.max(0, toMinor(reading.raised));
  const target = toMinor(reading.target);
  const isReached = isTargetReached(reading);
  const stretch = reading.stretch_target ? toMinor(reading.stretch_target) : 0;
  const top = isReached ? Math.max(raised, stretch, target) : target;
  screen.classList.toggle("screen--reached", isReached);
  const mercury = screen.querySelector('[data-screen="fill"]');
  glideOn(mercury, Number(mercury.getAttribute("height")), Math.floor((raised * TUBE_UNITS) / top), (value) =>
    mercury.setAttribute("height", value),
  );
  const line = screen.querySelector('[data-screen="target-line"]');
  const from = -Number(/-?[\d.]+(?=\))/.exec(line.getAttribute("transform"))?.[0] ?? 0);
  glideOn(line, from, Math.floor((target * TUBE_UNITS) / top), (value) =>
    line.setAttribute("transform", `translate(0 ${-value})`),
  );
  const hasStretch = isReached && stretch > raised;
  screen.querySelector('[data-screen="stretch"]').toggleAttribute("hidden", !hasStretch);
  for (const sum of screen.querySelectorAll(".screen__sum")) {
    sum.setAttribute("class", `screen__sum screen__sum--${sum.textContent.length}`);
  }
}

/** The QR code and the address go when the appeal is closed. */
export function showWay(screen, reading) {
  for (const part of screen.querySelectorAll('[data-screen="give"]')) {
    part.hidden = reading.status !== "open";
  }
}
