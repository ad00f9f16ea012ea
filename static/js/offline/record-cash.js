// On a treasurer's every page: has the phone keep the form "Record cash", with the choices of this log-in.
// <meta name="record-cash" content="/treasurer/collections/new/" data-owner="12">

import { canKeep, isKeptCopy, readKeptPage, tellWorker } from "./keeping.js";

const meta = document.querySelector("meta[name=record-cash]");

async function keepForm() {
  const page = await readKeptPage(meta.content);
  const isOurs = page?.querySelector("[data-hand-in]")?.dataset.owner === meta.dataset.owner;
  const isHere = location.pathname === meta.content;
  if (isOurs && isHere) return; // this very page is kept as it came
  await tellWorker({ keep: [meta.content] });
}

if (meta && canKeep && !isKeptCopy) keepForm();
