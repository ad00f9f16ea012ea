// A form with data-submit-once goes out once: a second tap while the first is under way is dropped.
// The server records it once anyway; this only spares the treasurer the doubt.

const STUCK_AFTER_MS = 20_000; // no answer by then: no signal, and the treasurer may try again

export function setBusy(form, isBusy) {
  form.toggleAttribute("data-busy", isBusy);
  for (const button of form.querySelectorAll("button[type=submit]")) {
    // Not `disabled`: that would take the focus from someone who came here by keyboard.
    if (isBusy) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-submit-once]")) return;
  if (form.hasAttribute("data-busy")) {
    event.preventDefault();
    return;
  }
  setBusy(form, true);
  setTimeout(() => setBusy(form, false), STUCK_AFTER_MS);
});

// Back to a page that the browser kept: its button must work again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-busy]")) setBusy(form, false);
});
