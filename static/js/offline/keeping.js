// For pages: the phone's store and its sender, and whether this browser can do without a signal at all.

import "../../vendor/idb-8.0.4/umd.js";
import "./store.js";
import "./sending.js";

export const { store, sending } = globalThis.unsent;

export const canKeep =
  isSecureContext && "serviceWorker" in navigator && "locks" in navigator && "indexedDB" in window;

// Whether this page is the phone's own copy: it came without the server.
export const isKeptCopy = document.documentElement.hasAttribute("data-kept");

// Ask the worker to keep these pages, or to let go of all that begin so.
export async function tellWorker(message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active.postMessage(message);
}

// A page that the phone keeps, read; null where there is none.
export async function readKeptPage(address) {
  const response = await caches.match(address);
  if (!response) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Let the browser send by itself once there is a signal, where it can.
export async function sendWhenPossible() {
  try {
    const registration = await navigator.serviceWorker.ready;
    await registration.sync?.register("send");
  } catch {
    // It may not: this page, or the next one, sends.
  }
}

export function element(name, { text = "", className = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// "20:14", or with its day where that is another one.
export function clockTime(moment) {
  const then = new Date(moment);
  const time = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === new Date().toDateString()) return time;
  return `${then.toLocaleDateString("en-GB", { day: "numeric", month: "long" })}, ${time}`;
}
