/** Asks again in a page that waits for news. Without JavaScript a meta element does the same. */

const { lookAgainSeconds, lookAgainUrl } = document.querySelector("[data-look-again-seconds]").dataset;

setTimeout(() => location.replace(lookAgainUrl), Number(lookAgainSeconds) * 1000);
