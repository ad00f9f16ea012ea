// The league table: rows are made anew from the table's own <template data-live-row>.

import { formatMoney, toMinor } from "./money.js";

const LONG_NAME = 16; // characters; a longer one may be set smaller

/** Rebuild each league body under `root`; rows whose money changed get `data-changed`. */
export function showLeague(root, reading) {
  for (const body of root.querySelectorAll('[data-live="league"]')) {
    const template = body.closest("table").querySelector("template[data-live-row]");
    if (template === null) continue;
    const rows = chooseRows(body, reading);
    const before = new Map(
      [...body.rows].map((row) => [row.dataset.branch, textOf(row, "raised")]),
    );
    body.replaceChildren(...rows.map((row) => makeRow(template, row, before)));
  }
}

function chooseRows(body, reading) {
  const wanted = body.dataset.league;
  const rows = reading.league.filter(
    (row) => !wanted || (row.target !== null) === (wanted === "ranked"),
  );
  return body.dataset.liveLimit ? rows.slice(0, Number(body.dataset.liveLimit)) : rows;
}

function makeRow(template, row, before) {
  const element = template.content.firstElementChild.cloneNode(true);
  const raised = formatMoney(row.raised);
  const texts = {
    rank: String(row.rank),
    name: row.name,
    region: row.region,
    raised,
    target: row.target === null ? "" : formatMoney(row.target),
    percent: row.percent === null ? "" : `${row.percent}%`,
  };
  for (const cell of element.querySelectorAll("[data-cell]")) {
    const name = cell.dataset.cell;
    if (name === "fill") cell.setAttribute("width", Math.min(100, row.percent ?? 0));
    else if (name in texts) cell.textContent = texts[name];
    if (name === "name") cell.toggleAttribute("data-long", [...row.name].length > LONG_NAME);
  }
  element.dataset.branch = row.branch;
  const isNew = !before.has(row.branch) && toMinor(row.raised) !== 0;
  if (isNew || (before.has(row.branch) && before.get(row.branch) !== raised)) {
    element.dataset.changed = "";
  }
  return element;
}

function textOf(row, name) {
  return row.querySelector(`[data-cell="${name}"]`)?.textContent.trim();
}
