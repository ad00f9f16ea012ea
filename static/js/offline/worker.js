// The service worker: opens the counter's pages and the treasurer's "Record cash" without a signal, and
// sends what waits when the signal is back, even with no page open. It answers for no other page: not
// the donor's, not the live streams, not the API, not the admin.
//
// Loaded after Workbox, idb and the queue by /sw.js, which says in WHIP_ROUND what this release is.

const { version, files, noSignal } = self.WHIP_ROUND;
const { store, sending } = self.unsent;
const { precaching, routing, strategies } = self.workbox;

const PAGES = `whip-round-pages-${version}`;
const PATIENCE_SECONDS = 4;
const SEAT = /^(\/count\/[^/]+\/)(buckets\/\d+\/)?$/;
const RECORD_CASH = "/treasurer/collections/new/";
const OURS = ["/count/", "/treasurer/"];

self.workbox.core.setCacheNameDetails({ prefix: "whip-round" });
self.skipWaiting();
self.workbox.core.clientsClaim();

// The static files, and the two pages that are the same for everybody.
precaching.precacheAndRoute(files, { cleanURLs: false });
precaching.cleanupOutdatedCaches();

const isPage = (request) => request.mode === "navigate";
const isKept = ({ pathname }) => SEAT.test(pathname) || pathname === RECORD_CASH;
const bare = (address) => new URL(address, location.origin).pathname;

// --- pages that open without a signal -----------------------------------------------------------------

routing.registerRoute(
  ({ request, url }) => isPage(request) && isKept(url),
  new strategies.NetworkFirst({
    cacheName: PAGES,
    networkTimeoutSeconds: PATIENCE_SECONDS,
    plugins: [
      {
        cacheKeyWillBeUsed: ({ request }) => bare(request.url),
        // A page with a question mark thanks for something, and would do so again.
        cacheWillUpdate: ({ request, response }) =>
          new URL(request.url).search || !isWhole(response) ? null : mark(response),
        fetchDidSucceed: async ({ request, response }) => {
          if (response.status >= 500) throw new Error("The server is in trouble.");
          if (isNotOurs(response)) await forgetSeat(bare(request.url));
          return response;
        },
        handlerDidError: () => precaching.matchPrecache(noSignal),
      },
    ],
  }),
);

routing.registerRoute(
  ({ request, url }) => isPage(request) && OURS.some((path) => url.pathname.startsWith(path)),
  new strategies.NetworkOnly({
    plugins: [{ handlerDidError: () => precaching.matchPrecache(noSignal) }],
  }),
);

const isWhole = (response) => response.status === 200 && !response.redirected;
const isNotOurs = (response) => response.status === 403 || response.status === 404;

// The copy says that it is one, and its form goes nowhere until the queue is there to take it. Null for
// what is no page to keep: one that has just told something, once, or another's, such as the log-in page
// of the hall's network.
async function mark(response) {
  const page = await response.text();
  if (!page.includes("<unsent-line") || page.includes('<div class="messages')) return null;
  const copy = page
    .replace("<html ", "<html data-kept ")
    .replace("data-when-ready", "data-when-ready disabled");
  return new Response(copy, { headers: { "Content-Type": "text/html; charset=utf-8" } });
}

async function keep(address) {
  const path = bare(address);
  if (!isKept({ pathname: path })) return;
  const response = await fetch(path, {
    credentials: "same-origin", redirect: "manual", cache: "no-store",
  });
  const pages = await caches.open(PAGES);
  if (isWhole(response)) {
    const copy = await mark(response);
    if (copy) await pages.put(path, copy);
  } else if (isNotOurs(response)) {
    await forgetSeat(path);
  } else if (response.type === "opaqueredirect" && SEAT.exec(path)?.[2]) {
    await pages.delete(path); // not to be counted by this seat now
  }
}

async function forget(beginning) {
  const pages = await caches.open(PAGES);
  for (const { url } of await pages.keys()) {
    if (bare(url).startsWith(beginning)) await pages.delete(url);
  }
}

// The seat ended, or is another phone's: nothing of its table stays here but what waits to be sent.
async function forgetSeat(path) {
  const address = SEAT.exec(path)?.[1];
  if (!address) return;
  await forget(address);
  await store.forgetTable(address);
}

// --- a new release ------------------------------------------------------------------------------------

// The kept pages name the old release's files, which go with it: fetch them anew, all of them, or stay
// with the old release until the signal allows it.
async function renewPages() {
  for (const name of await otherReleases()) {
    const kept = await caches.open(name);
    for (const { url } of await kept.keys()) await keep(url);
  }
}

async function otherReleases() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith("whip-round-pages-") && name !== PAGES);
}

self.addEventListener("install", (event) => event.waitUntil(renewPages()));

self.addEventListener("activate", (event) =>
  event.waitUntil(
    otherReleases().then((names) => Promise.all(names.map((name) => caches.delete(name)))),
  ),
);

// --- what pages ask for -------------------------------------------------------------------------------

self.addEventListener("message", (event) => {
  const { keep: addresses = [], forget: beginning } = event.data;
  event.waitUntil(
    (async () => {
      if (beginning) await forget(beginning);
      for (const address of addresses) await keep(address);
      store.tell("kept");
    })(),
  );
});

self.addEventListener("sync", (event) => {
  if (event.tag === "send") event.waitUntil(sendOrFail());
});

// The browser asks again later where this fails.
async function sendOrFail() {
  await sending.send({ now: true });
  const left = (await store.all()).filter((item) => item.state === "waiting" && !item.needs);
  if (left.length) throw new Error(`${left.length} not sent yet`);
}
