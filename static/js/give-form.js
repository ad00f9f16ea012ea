/** Keeps the amount buttons and the box beside them from saying two things at once. */

const form = document.querySelector("form.give");
const box = form.elements.other_amount;
const other = form.querySelector('input[name="amount"][value="other"]');

box.addEventListener("input", () => {
  if (box.value.trim()) other.checked = true;
});

form.addEventListener("change", (event) => {
  if (event.target.name !== "amount") return;
  if (event.target === other) box.focus();
  else box.value = "";
});
