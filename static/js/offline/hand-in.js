// <form data-hand-in="sheet|collection">: what is typed is kept on the phone as it is typed, and handing in
// puts it into the queue before anything goes out. Where a browser cannot do that, the form goes out as
// it is. Further marks: data-owner (the seat's address, or the log-in), data-what and data-where (how the
// list of what waits calls it), data-then (where to go once it is taken), data-page (and where while it
// waits), data-form (where the form itself is), data-sender (who is logged in), data-told where the page
// shows an answer to what was sent.

import { setBusy } from "../submit-once.js";
import { canKeep, element, isKeptCopy, sending, sendWhenPossible, store } from "./keeping.js";
import { checkSheet } from "./sheet-check.js";

const ANSWER_WITHIN_MS = 6_000; // longer than that: it is kept, and the counter goes on
const SAVE_AFTER_MS = 150;
const NO_ID = "00000000-0000-0000-0000-000000000000";
const NOT_KEPT = new Set(["csrfmiddlewaretoken"]);

const KINDS = {
  sheet: {
    id: "sheet",
    key: (form) =>
      `${form.dataset.owner}buckets/${valueOf(form, "bucket")}/round/${valueOf(form, "round")}/`,
    check: checkSheet,
    what: (form) => form.dataset.what,
    where: (form) => form.dataset.where,
    query: (form) => valueOf(form, "bucket"),
    // A sheet that the table does not take is shown at the table.
    answersAtOnce: (item) => item.may_correct,
  },
  collection: {
    id: "reference",
    key: (form) => `collection:${form.dataset.owner}/`,
    check: () => [],
    what: (form) => form.dataset.what,
    where: (form) => valueOf(form, "place"),
    query: () => "1",
    answersAtOnce: () => true,
  },
};

class HandIn {
  constructor(form) {
    this.form = form;
    this.kind = KINDS[form.dataset.handIn];
    this.key = this.kind.key(form);
  }

  // At once, before the draft is read: a quick thumb must not send the form past the queue.
  start() {
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.ready = this.restore()
      .catch(() => {}) // nothing is kept here
      .then(() => this.follow());
  }

  follow() {
    this.form.addEventListener("input", () => this.saveSoon());
    this.form.addEventListener("change", () => this.saveSoon());
    addEventListener("pagehide", () => this.isUnsaved && this.save());
    if (isKeptCopy && this.form.elements.collected_on) this.askForDay();
    const button = this.form.querySelector("[data-when-ready]");
    if (button) button.disabled = false; // a copy's is not, until now
  }

  // --- the draft -------------------------------------------------------------------------------------

  async restore() {
    const told = "told" in this.form.dataset;
    const draft = told ? null : await store.readDraft(this.key);
    // A copy's id may have been used before, and another page's draft is the same sheet.
    this.id = draft?.id ?? (told || !isKeptCopy ? this.idBox.value : crypto.randomUUID());
    this.idBox.value = this.id;
    if (told) this.save();
    if (!draft) return;
    for (const [name, value] of Object.entries(draft.fields)) this.fill(name, value);
    this.hasDay = "collected_on" in draft.fields;
    for (const box of this.form.querySelectorAll("count-sheet input")) {
      box.dispatchEvent(new Event("input", { bubbles: true }));
      break; // one is enough to add up anew
    }
    for (const fold of this.form.querySelectorAll("details")) fold.open ||= isUsed(fold);
    this.sayWhereFrom(draft);
  }

  fill(name, value) {
    if (name === this.kind.id || NOT_KEPT.has(name)) return;
    const box = this.form.elements.namedItem(name);
    if (!box) return;
    if (box.type === "checkbox") box.checked = true;
    else box.value = value; // a box, or a question's radio buttons
  }

  sayWhereFrom(draft) {
    const again = element("button", {
      type: "button", className: "button button--quiet", text: "Start anew",
    });
    again.addEventListener("click", async () => {
      await this.removeDraft();
      location.reload();
    });
    const [title, words] = draft.words
      ? ["Not taken yet", draft.words]
      : ["This goes on where you stopped", "What you typed before was kept on this phone."];
    const notice = element(
      "div", { className: `notice stack stack--tight notice--${draft.words ? "error" : "info"}` },
      element("p", { className: "notice__title", text: title }),
      element("p", { text: words }),
      element("p", {}, again),
    );
    this.form.before(notice);
  }

  saveSoon() {
    this.isUnsaved = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  async save() {
    this.stopSaving();
    await store.writeDraft({ key: this.key, id: this.id, fields: this.fields() });
  }

  stopSaving() {
    clearTimeout(this.timer);
    this.isUnsaved = false;
  }

  async removeDraft() {
    this.stopSaving();
    await store.removeDrafts(this.key);
  }

  get idBox() {
    return this.form.elements.namedItem(this.kind.id);
  }

  fields() {
    const told = [...new FormData(this.form)].filter(([name]) => !NOT_KEPT.has(name));
    return Object.fromEntries(told.filter(([, value]) => value !== ""));
  }

  // A copy may be days old: its day is today's, by this phone's clock, and shown to be looked at.
  askForDay() {
    const box = this.form.elements.collected_on;
    const today = new Date();
    const local = new Date(today.getTime() - today.getTimezoneOffset() * 60_000);
    box.removeAttribute("max");
    if (!this.hasDay) box.value = local.toISOString().slice(0, 10);
    const word = "By this phone\u2019s clock, since there is no signal. Is it the right day?";
    box.before(element("p", { className: "field__hint field__hint--look", text: word }));
    const fold = box.closest("details");
    if (fold) fold.open = true; // or nobody would see it
  }

  // --- handing in ------------------------------------------------------------------------------------

  submit(event) {
    event.preventDefault();
    if (this.form.hasAttribute("data-busy")) return;
    // In its own turn: whatever else listens marks the form as busy first.
    setTimeout(() => this.handInOrSubmit());
  }

  async handInOrSubmit() {
    await this.ready;
    let isKept;
    try {
      isKept = await this.keep();
    } catch {
      this.form.submit(); // nothing can be kept here: as without this script
      return;
    }
    if (!isKept) return;
    sendWhenPossible();
    const trying = sending.send({ now: true }).catch(() => {}); // kept it is, whatever became of that
    await Promise.race([trying, pause(ANSWER_WITHIN_MS)]);
    await this.goOn();
  }

  // Put it into the queue. False where the counter has to look at something first.
  async keep() {
    this.form.querySelector(".form__errors")?.remove();
    const wrong = this.kind.check(this.form);
    if (wrong.length) {
      this.show(wrong);
      return false;
    }
    this.stopSaving();
    this.id = this.idBox.value;
    await store.handIn(this.item(), this.key);
    navigator.storage?.persist?.();
    return true;
  }

  item() {
    const { form, kind } = this;
    const now = new Date();
    const fields = this.fields();
    if (form.elements.counted_at) fields.counted_at = now.toISOString();
    return {
      id: this.id,
      kind: form.dataset.handIn,
      owner: form.dataset.owner,
      address: form.getAttribute("action"),
      sender: form.dataset.sender ?? "",
      form: form.dataset.form,
      table: form.dataset.handIn === "sheet" ? form.dataset.owner : "",
      bucket: Number(valueOf(form, "bucket")) || null,
      round: Number(valueOf(form, "round")) || null,
      what: kind.what(form),
      where: kind.where(form),
      lines: linesOf(form),
      fields,
      draft_key: this.key,
      handed_in_at: now.getTime(),
      state: "waiting",
      needs: "",
      words: "",
      tries: 0,
      next_at: 0,
    };
  }

  async goOn() {
    const item = await store.find(this.id);
    const { then, page } = this.form.dataset;
    if (!item) {
      location.assign(then.replace(NO_ID, this.id).replace("__", this.kind.query(this.form)));
    } else if (item.state === "refused" && this.kind.answersAtOnce(item)) {
      await this.submitAsItIs();
    } else if (item.state === "refused") {
      location.assign(this.form.dataset.owner);
    } else {
      location.assign(`${page}?kept=${encodeURIComponent(this.kind.query(this.form))}`);
    }
  }

  // The server's own page says best what is wrong, while the counter is here.
  async submitAsItIs() {
    await store.remove(this.id);
    await store.writeDraft({ key: this.key, id: this.id, fields: this.fields() });
    const token = this.form.elements.csrfmiddlewaretoken;
    if (token && this.form.dataset.sender) {
      token.value = (await sending.askSender(this.form.dataset.sender)).token ?? token.value;
    }
    this.form.submit();
  }

  show(wrong) {
    const items = wrong.map(({ box, words }) =>
      element("li", {}, element("a", { href: `#${box.id}`, text: words })),
    );
    const notice = element(
      "div", { className: "notice notice--error form__errors", role: "alert", tabindex: "-1" },
      element("p", { className: "notice__title", text: "Not handed in yet" }),
      element("ul", {}, ...items),
    );
    for (const { box } of wrong) box.closest("details")?.setAttribute("open", "");
    this.form.prepend(notice);
    notice.focus();
    setBusy(this.form, false);
  }
}

function valueOf(form, name) {
  return form.elements.namedItem(name)?.value ?? "";
}

function isUsed(fold) {
  return [...fold.querySelectorAll("input")].some((box) =>
    box.type === "checkbox" ? box.checked : box.value !== "",
  );
}

// What was typed, in words, to be shown should it not be taken.
function linesOf(form) {
  const typed = [...form.elements].filter(
    (box) => box.name && box.value && !["hidden", "checkbox", "radio", "submit"].includes(box.type),
  );
  return typed.map((box) => {
    const label = box.labels?.[0]?.textContent.replace(/\s+/g, " ").trim() ?? box.name;
    return [label.replace(/^How many /, "").replace(/ \(optional\)$/, ""), box.value];
  });
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

if (canKeep) {
  for (const form of document.querySelectorAll("form[data-hand-in]")) new HandIn(form).start();
}
