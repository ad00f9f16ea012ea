// Has the service worker keep this screen's page, so that a reload without the network opens it.

export async function keepPage(worker) {
  if (!isSecureContext || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(worker);
    const registration = await navigator.serviceWorker.ready;
    registration.active.postMessage({ keepScreen: location.href });
  } catch {
    // Without one: the screen works all the same, as long as nobody reloads it without a network.
  }
}
