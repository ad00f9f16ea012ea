// A remote that lies on the lectern does not go dark, where the browser allows it.

/** Keep the screen on while the page is shown; the browser lets go of it whenever it is hidden. */
export function keepAwake({ signal }) {
  if (!("wakeLock" in navigator)) return;
  const ask = () => {
    if (document.hidden || signal.aborted) return;
    navigator.wakeLock.request("screen").catch(() => {}); // the battery is low: it goes dark
  };
  document.addEventListener("visibilitychange", ask, { signal });
  ask();
}
