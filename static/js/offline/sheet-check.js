// What can be seen on the phone to be wrong with a count sheet, in the server's words. The server checks
// everything again: this is for the counter who would hear of it tomorrow.

const MOST_PIECES = 100_000;

// The boxes that are wrong, each with what to do: [{ box, words }].
export function checkSheet(form) {
  return [...lookAtGift(form), ...lookAtPieces(form), ...lookAtCheques(form), ...lookAtEmpty(form)];
}

function* lookAtGift(form) {
  const box = form.querySelector("[name=large_gift][value=yes]");
  if (box?.checked) yield { box, words: form.dataset.largeGift };
}

function* lookAtPieces(form) {
  for (const box of form.querySelectorAll("[data-face]")) {
    if (!isPieces(box.value)) {
      yield { box, words: `${labelOf(box)}? Type a whole number.` };
    }
  }
  const foreign = form.elements.foreign;
  if (!isPieces(foreign.value)) yield { box: foreign, words: "How many pieces? Type a whole number." };
}

function* lookAtCheques(form) {
  for (const amount of form.querySelectorAll("[name^=cheque_][name$=_amount]")) {
    const part = (name) => form.elements.namedItem(amount.name.replace("amount", name));
    const [date, payee, words] = ["date", "payee", "words"].map(part);
    if (!(amount.value.trim() || date.value || payee.checked || words.checked)) continue;
    const leaveOut = "Then the bank will not take it: leave it out, and give it to the treasurer.";
    if (!amount.value.trim()) yield { box: amount, words: "Type the amount of the cheque." };
    if (!date.value) yield { box: date, words: "Give the date that stands on the cheque." };
    if (!payee.checked) yield { box: payee, words: `Is it made out to somebody else? ${leaveOut}` };
    if (!words.checked) yield { box: words, words: `Do words and figures differ? ${leaveOut}` };
  }
}

function* lookAtEmpty(form) {
  const boxes = form.querySelectorAll("[data-face], [name=foreign], [name^=cheque_][name$=_amount]");
  const isTyped = [...boxes].some((box) => Number(box.value.trim() || 0) !== 0);
  const box = form.elements.is_empty;
  if (!isTyped && !box.checked) {
    yield { box, words: "Nothing is typed. Count, or tick that the bucket is empty." };
  } else if (isTyped && box.checked) {
    yield { box, words: "Something is typed above: then the bucket is not empty." };
  }
}

function isPieces(text) {
  const typed = text.trim();
  return typed === "" || (/^[0-9]{1,9}$/.test(typed) && Number(typed) <= MOST_PIECES);
}

function labelOf(box) {
  return box.labels[0].textContent.replace(/\s+/g, " ").trim();
}
