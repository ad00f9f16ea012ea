// Part of the service worker: keeps the pages of hall screens, so that the laptop on the stage can
// load them anew without the network or the server. What they show then is the last reading that the
// browser has stored, with its time. Nothing in them is about anybody.

(() => {
  const { version } = self.WHIP_ROUND;
  const { routing, strategies } = self.workbox;

  const BEGINNING = "whip-round-screens-";
  const SCREENS = `${BEGINNING}${version}`;
  const PATIENCE_SECONDS = 4;
  const SCREEN = /^\/appeals\/[^/]+\/screen\/$/;
  const QR_CODE = /^\/appeals\/[^/]+\/qr\.svg$/;

  const isScreen = ({ pathname }) => SCREEN.test(pathname);

  // Dark or light are two pages; nothing else that may stand behind a question mark is.
  function nameOf(address) {
    const { pathname, searchParams } = new URL(address, location.origin);
    return searchParams.get("theme") === "dark" ? `${pathname}?theme=dark` : pathname;
  }

  routing.registerRoute(
    ({ request, url }) => request.mode === "navigate" && isScreen(url),
    new strategies.NetworkFirst({
      cacheName: SCREENS,
      networkTimeoutSeconds: PATIENCE_SECONDS,
      plugins: [
        {
          cacheKeyWillBeUsed: ({ request }) => nameOf(request.url),
          cacheWillUpdate: ({ response }) => (isWhole(response) ? mark(response) : null),
          fetchDidSucceed: ({ response }) => {
            if (response.status >= 500) throw new Error("The server is in trouble.");
            return response;
          },
        },
      ],
    }),
  );

  routing.registerRoute(
    ({ url }) => url.origin === location.origin && QR_CODE.test(url.pathname),
    new strategies.NetworkFirst({
      cacheName: SCREENS,
      networkTimeoutSeconds: PATIENCE_SECONDS,
      plugins: [{ cacheWillUpdate: ({ response }) => (isQrCode(response) ? response : null) }],
    }),
  );

  const isWhole = (response) => response.status === 200 && !response.redirected;
  const isQrCode = (response) =>
    isWhole(response) && response.headers.get("Content-Type") === "image/svg+xml";

  // The copy says that it is one. Null for what is no screen, such as the log-in page of the hall's
  // network.
  async function mark(response) {
    const page = await response.text();
    if (!page.includes("<hall-screen")) return null;
    return new Response(page.replace("<html ", "<html data-kept "), {
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": response.headers.get("Content-Security-Policy") ?? "",
      },
    });
  }

  async function keep(address) {
    const url = new URL(address, location.origin);
    if (url.origin !== location.origin || !(isScreen(url) || QR_CODE.test(url.pathname))) return;
    const response = await fetch(url, { redirect: "manual", cache: "no-store" });
    const copy = isScreen(url) ? isWhole(response) && (await mark(response)) : isQrCode(response) && response;
    if (!copy) return;
    const screens = await caches.open(SCREENS);
    await screens.put(nameOf(url), copy);
    if (isScreen(url)) await keep(url.pathname.replace("/screen/", "/qr.svg"));
  }

  // The kept pages name the old release's files, which go with it: fetch them anew, or stay with the
  // old release until the network allows it.
  async function renew() {
    for (const name of await otherReleases()) {
      const kept = await caches.open(name);
      for (const { url } of await kept.keys()) await keep(url);
    }
  }

  async function otherReleases() {
    const names = await caches.keys();
    return names.filter((name) => name.startsWith(BEGINNING) && name !== SCREENS);
  }

  self.addEventListener("install", (event) => event.waitUntil(renew()));

  self.addEventListener("activate", (event) =>
    event.waitUntil(
      otherReleases().then((names) => Promise.all(names.map((name) => caches.delete(name)))),
    ),
  );

  self.addEventListener("message", (event) => {
    // Without the network the older copy stays.
    if (event.data.keepScreen) event.waitUntil(keep(event.data.keepScreen).catch(() => {}));
  });
})();
