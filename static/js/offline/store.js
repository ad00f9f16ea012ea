// What a phone keeps while it has no signal: what waits to be sent, what is being typed, and the tables
// at which it sits. A plain script and no module: pages and the service worker run this very file, and
// not every browser's worker loads modules yet. It makes `unsent.store`.
(() => {
  const NAME = "whip-round";
  const SURE = { durability: "strict" }; // on the disk before we say that it is kept

  let opened;

  function open() {
    opened ??= idb.openDB(NAME, 1, {
      upgrade(database) {
        database.createObjectStore("queue", { keyPath: "id" });
        database.createObjectStore("drafts", { keyPath: "key" });
        database.createObjectStore("tables", { keyPath: "address" });
      },
      blocking: close,
      terminated: () => (opened = undefined),
    });
    return opened;
  }

  async function close() {
    const closing = await opened;
    opened = undefined;
    closing?.close();
  }

  const teller = new BroadcastChannel(NAME);

  // Tell every page, and this one too, that something here changed.
  function tell(what = "changed") {
    teller.postMessage(what);
  }

  // Two channels of one name: a channel does not hear itself, and a page must hear itself.
  function listen(heard) {
    const listener = new BroadcastChannel(NAME);
    listener.addEventListener("message", ({ data }) => heard(data));
  }

  // --- what waits ------------------------------------------------------------------------------------

  // Put a sheet into the queue and take away its draft, both or neither. False when its id is here
  // already: what was handed in first stands.
  async function handIn(item, draftKey) {
    const database = await open();
    const work = database.transaction(["queue", "drafts"], "readwrite", SURE);
    const queue = work.objectStore("queue");
    const isNew = (await queue.getKey(item.id)) === undefined;
    if (isNew) {
      await queue.add(item);
      await work.objectStore("drafts").delete(draftKey);
    }
    await work.done;
    tell();
    return isNew;
  }

  async function all() {
    const items = await (await open()).getAll("queue");
    return items.sort((one, other) => one.handed_in_at - other.handed_in_at);
  }

  async function find(id) {
    return (await open()).get("queue", id);
  }

  // Change what is known of items. One that is gone meanwhile stays gone.
  async function change(ids, changes) {
    const work = (await open()).transaction("queue", "readwrite", SURE);
    for (const id of ids) {
      const item = await work.store.get(id);
      if (item) await work.store.put({ ...item, ...changes });
    }
    await work.done;
    tell();
  }

  async function remove(id) {
    await (await open()).delete("queue", id);
    tell();
  }

  // Take a sheet out of the queue to be put right: what was typed is a draft again, under a new id.
  async function reopen(id) {
    const work = (await open()).transaction(["queue", "drafts"], "readwrite", SURE);
    const item = await work.objectStore("queue").get(id);
    if (item) {
      const { draft_key: key, fields, words } = item;
      await work.objectStore("drafts").put({ key, fields, id: crypto.randomUUID(), words });
      await work.objectStore("queue").delete(id);
    }
    await work.done;
    tell();
  }

  // --- what is being typed ---------------------------------------------------------------------------

  async function readDraft(key) {
    return (await open()).get("drafts", key);
  }

  async function writeDraft(draft) {
    await (await open()).put("drafts", draft);
  }

  // Remove the drafts whose key begins so, but for some.
  async function removeDrafts(beginning, { except = [] } = {}) {
    const work = (await open()).transaction("drafts", "readwrite");
    for (const key of await work.store.getAllKeys()) {
      if (key.startsWith(beginning) && !except.includes(key)) await work.store.delete(key);
    }
    await work.done;
  }

  // --- where this phone sits -------------------------------------------------------------------------

  async function keepTable(table) {
    await (await open()).put("tables", table);
  }

  async function tables() {
    return (await open()).getAll("tables");
  }

  async function forgetTable(address) {
    await (await open()).delete("tables", address);
    await removeDrafts(`${address}buckets/`);
    tell();
  }

  globalThis.unsent = {
    store: {
      all, change, find, forgetTable, handIn, keepTable, listen, readDraft, remove, removeDrafts,
      reopen, tables, tell, writeDraft,
    },
  };
})();
