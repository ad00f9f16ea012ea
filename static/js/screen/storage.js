// What a screen remembers over a reload. A browser may have no storage, or have been tampered with:
// then it is as if nothing had been kept.

/** What was kept under `key`, or null. */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may have no storage: the server tells us anyway.
  }
}
