// The tube of the hall screen: solid, hatched and outlined, and its lines; see `Tube` in appeals/screen.py.

import { glideOn, isTargetReached } from "../live/figures.js";
import { toMinor } from "../live/money.js";

const TUBE_UNITS = 1000;

export function drawTube(screen, reading) {
  const { layers } = reading.hall;
  const raised = Math.max(0, toMinor(reading.raised));
  const received = Math.min(raised, Math.max(0, toMinor(layers.received)));
  const withPromised = raised + (layers.promised ? Math.max(0, toMinor(layers.promised)) : 0);
  const target = toMinor(reading.target);
  const stretch = reading.stretch_target ? toMinor(reading.stretch_target) : 0;
  const isReached = isTargetReached(reading);
  const top = isReached ? Math.max(withPromised, stretch, target) : target;
  const units = (minor) => Math.floor((Math.min(minor, top) * TUBE_UNITS) / top);
  screen.classList.toggle("screen--reached", isReached);
  const part = (name) => screen.querySelector(`[data-screen="${name}"]`);
  fillTo(part("fill"), units(raised));
  fillTo(part("received-fill"), units(received));
  fillTo(part("promised-fill"), units(withPromised));
  part("promised-fill").toggleAttribute("hidden", withPromised === raised); // a drawn part
  moveTo(part("target-line"), units(target));
  moveTo(part("stretch"), units(stretch));
  part("stretch").toggleAttribute("hidden", !(isReached && stretch > raised));
  for (const sum of screen.querySelectorAll(".screen__sum")) {
    sum.setAttribute("class", `screen__sum screen__sum--${sum.textContent.length}`);
  }
}

function fillTo(mercury, height) {
  glideOn(mercury, Number(mercury.getAttribute("height")), height, (value) =>
    mercury.setAttribute("height", value),
  );
}

function moveTo(line, height) {
  const from = -Number(/-?[\d.]+(?=\))/.exec(line.getAttribute("transform"))?.[0] ?? 0);
  glideOn(line, from, height, (value) => line.setAttribute("transform", `translate(0 ${-value})`));
}
