// The layers of the total in words, and the milestone that comes next.

import { formatMoney, toMinor } from "../live/money.js";

/** In the bank or on its way; counted tonight; and promised, where the stage chose to show it. */
export function showLegend(screen, { hall: { layers } }) {
  const part = (name) => screen.querySelector(`[data-screen="${name}"]`);
  for (const [name, money] of Object.entries(layers)) {
    part(`${name}-sum`).textContent = money ? formatMoney(money) : "";
  }
  part("counted").hidden = toMinor(layers.counted) === 0;
  part("promised").hidden = layers.promised === null;
}

/** "Next: £30,000, £50 to go", where the stage asked for it. */
export function showNext(screen, { hall }) {
  const part = (name) => screen.querySelector(`[data-screen="${name}"]`);
  const next = hall.announces_milestone ? hall.next_milestone : null;
  part("next").hidden = next === null;
  if (next === null) return;
  part("next-amount").textContent = formatMoney(next.amount);
  part("next-to-go").textContent = formatMoney(next.to_go);
}
