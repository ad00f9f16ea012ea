/** Reloads a page that waits for news. Without JavaScript a meta element does the same. */

const waiting = document.querySelector("[data-look-again-seconds]");

setTimeout(() => location.reload(), Number(waiting.dataset.lookAgainSeconds) * 1000);
