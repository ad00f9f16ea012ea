// A form with data-counted-at tells when it was sent, by this phone's own clock. The server keeps it
// beside its own time, and trusts it with nothing: phones are wrong by a day at times.

document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-counted-at]")) return;
  target.elements.namedItem("counted_at").value = new Date().toISOString();
});
