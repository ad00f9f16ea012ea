// What is worth saying aloud: a screen reader hears of milestones, not of every pound.

import { isTargetReached } from "./figures.js";
import { formatMoney, toMinor } from "./money.js";

const QUARTERS = [
  [75, "Three quarters of the way"],
  [50, "Half way"],
  [25, "A quarter of the way"],
];

/** The sentence for what was passed between two readings, or "" for nothing. */
export function milestone(reading, before) {
  if (before === null) return "";
  const raised = formatMoney(reading.raised);
  const target = formatMoney(reading.target);
  const stretch = before.stretch_target;
  if (stretch && toMinor(before.raised) < toMinor(stretch)) {
    if (toMinor(reading.raised) >= toMinor(stretch)) {
      return `${formatMoney(stretch)} reached: ${raised} and counting - thank you.`;
    }
  }
  if (isTargetReached(reading)) {
    return isTargetReached(before)
      ? ""
      : `Target reached: ${target}. ${raised} and counting - thank you.`;
  }
  const passed = QUARTERS.find(
    ([percent]) => before.percent < percent && reading.percent >= percent,
  );
  return passed ? `${passed[1]}: ${raised} of ${target}.` : "";
}
