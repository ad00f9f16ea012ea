// Sends what waits, one after the other, from whichever page or worker gets to it: a Web Lock sees that
// only one does. The server takes a sheet once for its id, so sending again is always safe; it leaves
// the queue only on an answer that names it. A plain script, as store.js. It makes `unsent.sending`.
(() => {
  const { store } = unsent;
  const LOCK = "whip-round-sending";
  const ANSWER_WITHIN_MS = 15_000;
  const FIRST_PAUSE_MS = 4_000;
  const LONGEST_PAUSE_MS = 60_000;

  // What became of trying: the changes to the item, or null where it was taken and may go.
  const TAKEN = null;
  const WAITING = { state: "waiting", needs: "", words: "" };
  const later = (words = "") => ({ ...WAITING, words });
  const needs = (what) => ({ ...WAITING, needs: what });
  const refused = (words, { errors = null } = {}) => ({
    state: "refused", needs: "", words, may_correct: errors !== null,
  });

  let isWithoutSignal = false; // as the last attempt found
  let running = null;
  let next = null;

  // Try everything that is due, or with `now` everything that waits. Resolves when that is done. A call
  // while one runs makes one more run after it.
  function send({ now = false } = {}) {
    if (running) {
      next ??= running.then(() => send({ now }));
      return next;
    }
    running = navigator.locks.request(LOCK, () => sendAll(now)).finally(() => {
      running = next = null;
    });
    return running;
  }

  async function sendAll(now) {
    const tried = new Set();
    for (;;) {
      const item = (await store.all()).find(
        (found) => found.state === "waiting" && !tried.has(found.id) && (now || isDue(found)),
      );
      if (!item) return;
      tried.add(item.id);
      const tries = now ? 1 : item.tries + 1; // somebody is here: soon again
      let outcome;
      try {
        outcome = await SENDERS[item.kind](item);
        isWithoutSignal = false;
      } catch {
        isWithoutSignal = true;
        await postpone(tries);
        return;
      }
      if (outcome === TAKEN) await store.remove(item.id);
      else await store.change([item.id], { ...outcome, tries, next_at: Date.now() + pause(tries) });
    }
  }

  // No signal for one is no signal for all.
  async function postpone(tries) {
    const waiting = (await store.all()).filter((item) => item.state === "waiting");
    await store.change(waiting.map((item) => item.id), { tries, next_at: Date.now() + pause(tries) });
  }

  function pause(tries) {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10));
    return longest * (0.5 + Math.random() / 2); // a hall that comes back at once
  }

  // In how many milliseconds an item is due. The clock may have been set back since: a pause that looks
  // longer than any is over.
  function dueIn(item) {
    const left = item.next_at - Date.now();
    return left > LONGEST_PAUSE_MS ? 0 : Math.max(0, left);
  }

  const isDue = (item) => dueIn(item) === 0;

  const SENDERS = { sheet: sendSheet, collection: sendCollection };

  async function sendSheet(item) {
    const response = await ask(item.address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(item.fields),
    });
    return judge(response, item);
  }

  // A treasurer's form goes out under the log-in that filled it in, and no other.
  async function sendCollection(item) {
    const sender = await askSender(item.sender);
    if (sender.outcome) return sender.outcome;
    if (sender.user !== item.owner) return needs("other-log-in");
    const response = await ask(item.address, {
      method: "POST",
      headers: { "X-CSRFToken": sender.token },
      body: new URLSearchParams({ ...item.fields, told_by: item.owner }),
    });
    return judge(response, item);
  }

  // Who is logged in, and the token that their form needs.
  async function askSender(address) {
    const response = await ask(address);
    if (response.type === "opaqueredirect") return { outcome: needs("log-in") };
    const told = response.ok ? await read(response) : null;
    return told?.token ? told : { outcome: later() };
  }

  function ask(address, options = {}) {
    return fetch(address, {
      ...options,
      headers: { Accept: "application/json", ...options.headers },
      credentials: "same-origin",
      redirect: "manual", // to the log-in, at most
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  }

  // What is not our server's own word, such as a hotel's log-in page, decides nothing.
  async function judge(response, item) {
    if (response.type === "opaqueredirect") return needs("log-in");
    const told = await read(response);
    if (response.ok) return told?.[item.kind] === item.id ? TAKEN : later();
    if (response.status === 422 && told?.errors) {
      return refused(Object.values(told.errors).flat().join(" "), { errors: told.errors });
    }
    if (told?.objection === "early") return later(told.message);
    if (told?.objection === "other-log-in") return needs("other-log-in");
    if (told?.objection) return refused(told.message);
    return later();
  }

  async function read(response) {
    try {
      return await response.json();
    } catch (error) {
      if (error instanceof SyntaxError) return null; // not JSON
      throw error; // the line broke
    }
  }

  unsent.sending = { askSender, dueIn, isWithoutSignal: () => isWithoutSignal, send };
})();
