// Money as the pages write it: £42,021 when whole, £42,021.50 otherwise.
// Amounts come as decimal text ("42021.50") and are never turned into a fraction: where a number is
// needed, it is a whole number of minor units.

/** @typedef {{amount: string, currency: string}} Money */

const SYMBOLS = { GBP: "£", EUR: "€" };

/** @param {Money} money */
export function formatMoney({ amount, currency }) {
  const isNegative = amount.startsWith("-");
  const [whole, decimals = ""] = amount.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = /[1-9]/.test(decimals) ? `.${decimals}` : "";
  const symbol = SYMBOLS[currency] ?? `${currency}\u00a0`;
  return `${isNegative ? "\u2212" : ""}${symbol}${grouped}${fraction}`;
}

/** Whole minor units (pence). @param {Money} money */
export function toMinor({ amount }) {
  return Number(amount.replace(".", ""));
}

/** Money of so many minor units, in the currency and with the decimals of ``like``. */
export function fromMinor(minor, like) {
  const decimals = like.amount.split(".")[1]?.length ?? 0;
  const digits = String(Math.abs(minor)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals ? `.${digits.slice(-decimals)}` : "";
  return { amount: `${minor < 0 ? "-" : ""}${whole}${fraction}`, currency: like.currency };
}
