// Sends each answer as it is given. What the server has not confirmed stays on the page, is sent again, and is said so.

const form = document.getElementById("page");
const state = document.getElementById("saving");
const waiting = new Set(); // names of questions changed since they were last sent
const panel = document.getElementById("crisis");
const told = {}; // what another screen changed and this page has shown: question → revision
let sending = null; // what is under way: sent again unaltered until the server answers
let busy = false;
let retry = 0;
let timer = 0;
let typing = 0;
let goOn = null; // the button or link pressed while something was still unsaved
let stopped = false;
let isUrgent = false; // where the patient is goes out: what is unsaved is on its way too, and no question stops them
let isMore = false; // whether the last reply brought questions

const question = (field) => field.closest("[data-key]");
const uuid = () =>
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

const isPending = () => !stopped && Boolean(sending || waiting.size);

function say(what, words = state.dataset[what]) {
  if (state.textContent !== words) state.textContent = words;
  state.classList.toggle("held", what === "held");
  state.classList.toggle("late", !["saved", "saving", "more"].includes(what));
}

function changesOf(keys) {
  const all = new FormData(form);
  const changes = {};
  for (const key of keys) {
    for (const { name } of document.getElementById(`q-${key}`)?.querySelectorAll("[data-field]") ?? []) {
      changes[name] = all.getAll(name);
    }
  }
  return changes;
}

function send() {
  clearTimeout(typing);
  if (sending || stopped) return;
  if (!waiting.size) return finished();
  const changes = changesOf(waiting);
  waiting.clear();
  if (!Object.keys(changes).length) return finished();
  const { value: client } = form.elements["!client"];
  sending = { key: uuid(), client, revision: Number(form.elements["!revision"].value), told: { ...told }, changes };
  attempt();
}

async function attempt() {
  clearTimeout(timer);
  if (busy || !sending) return;
  busy = true;
  const { status, reply } = await post();
  busy = false;
  if (reply?.revision !== undefined) confirmed(reply);
  else if (status === 400 || status === 413) unreadable(reply?.detail);
  else if (status > 400 && status < 500 && status !== 429) refused(status, reply?.detail);
  else again();
}

const line = (how) => document.dispatchEvent(new CustomEvent("candor:line", { detail: how }));

async function post() {
  const saving = setTimeout(say, 1500, "saving");
  const slow = setTimeout(line, 4000, "slow");
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), 15_000);
  try {
    const have = [...form.querySelectorAll("[id^='q-']")].map((node) => node.id.slice(2));
    const body = JSON.stringify({ ...sending, have });
    const answer = await fetch(form.dataset.save, {
      method: "POST",
      body,
      signal: abort.signal,
      keepalive: body.length < 60_000,
      headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    });
    const reply = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : null;
    line("here");
    return { status: answer.status, reply };
  } catch {
    line("gone");
    return { status: 0 };
  } finally {
    for (const wait of [saving, slow, limit]) clearTimeout(wait);
  }
}

function confirmed(saved) {
  const sent = Object.keys(sending.changes);
  document.getElementById("unheard").hidden = true;
  sending = null;
  retry = 0;
  for (const name of sent) {
    const words = saved.problems[name] ?? "";
    if (!words || !isBeingTyped(name)) tell(name, words);
    tellRead(name.split("!")[0], saved.read ?? {});
  }
  isMore = Boolean(saved.html) && show(saved.html);
  for (const [key, found] of Object.entries(saved.conflicts ?? {})) elsewhere(key, found, saved.revision);
  if (isMore || saved.conflicts) goOn = null; // stay: there is something new to read
  document.dispatchEvent(new CustomEvent("candor:kept", { detail: saved }));
  send();
}

// Another screen changed this answer. Nothing of either is lost: the words say what stands there, the patient decides.
function elsewhere(key, { words, now }, revision) {
  told[key] = revision;
  tell(key, words);
  const yours = () => { waiting.add(key); send(); };
  import(state.dataset.elsewhere).then(({ offer }) => offer(key, now, yours), () => {});
}

// Again and again, a little later each time, and not in step with everybody else whose network has come back.
function again() {
  unsent(goOn ? "held" : "late");
  timer = setTimeout(attempt, Math.min(1000 * 2 ** retry, 30_000) * (0.5 + Math.random() / 2));
  retry += 1;
}

// Words that tell of danger are read by the server alone: while it can't be reached, whom to call stands on the page.
function unsent(what) {
  say(what);
  const isTyped = (name) => form.querySelector(`textarea[name="${CSS.escape(name)}"], input.field:not([inputmode])[name="${CSS.escape(name)}"]`);
  document.getElementById("unheard").hidden &&= !Object.keys(sending.changes).some(isTyped);
  document.dispatchEvent(new Event("candor:late"));
}

// These answers can't be stored as they are: that is said where they stand, and the others go on.
function unreadable(words = state.dataset.stuck) {
  for (const name of Object.keys(sending.changes)) tell(name, words);
  sending = null;
  goOn = null;
  say("stuck", words);
  if (waiting.size) send();
}

// The server understood and said no: the words on the page, and a full send that explains, are better than trying on.
function refused(status, words) {
  stopped = true;
  say(status === 403 ? "ended" : "stuck", words);
  document.dispatchEvent(new Event("candor:late"));
}

function finished() {
  say(isMore ? "more" : "saved");
  if (panel.open) panel.addEventListener("close", onward, { once: true }); // the help that opened is read first
  else onward();
}

function onward() {
  if (isPending()) return;
  if (goOn?.href) location.assign(goOn.href);
  else if (goOn) form.requestSubmit(goOn.isConnected ? goOn : undefined);
}

// How the server read what was typed: a date in words.
function tellRead(key, read) {
  const line = document.getElementById(`r-${key}`);
  if (!line) return;
  line.lastElementChild.textContent = read[key] ?? "";
  line.hidden = !read[key];
}

// What is not yet typed to its end is not wrong, and a new line above it would push it away under the bar. When the
// field is left it is saved once more.
const isBeingTyped = (name) =>
  document.activeElement?.name === name && document.activeElement.matches("input.field, textarea");

function tell(name, words) {
  const line = document.getElementById(`e-${name}`);
  if (!line) return;
  line.textContent = words;
  line.hidden = !words;
  for (const field of question(line).querySelectorAll(".field, fieldset")) {
    if (question(field) === question(line)) field.setAttribute("aria-invalid", String(Boolean(words)));
  }
}

// Questions that came or went because of an answer. Those that stay are not touched, so nothing typed is lost.
function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  return merge(document.getElementById("questions"), fresh.content);
}

const children = (box) => [...box.children].filter((node) => node.id);

// True if something was added.
function merge(old, fresh) {
  const here = new Map(children(old).map((node) => [node.id, node]));
  const there = children(fresh);
  const wanted = new Set(there.map((node) => node.id));
  let added = false;
  let last = null;
  for (const [id, node] of here) if (!wanted.has(id)) node.remove();
  for (const node of there) {
    const kept = here.get(node.id);
    if (kept) {
      const [said, now] = [kept, node].map((one) => one.querySelector(":scope > [data-said]"));
      if (now) said?.replaceWith(now); // what the server fills in, perhaps from this answer
      const [inner, newer] = [kept, node].map((one) => one.querySelector("[data-questions]"));
      if (inner && newer) added = merge(inner, newer) || added;
      else if (newer) kept.append(newer);
      else inner?.remove();
    } else if (last) last.after(node);
    else old.prepend(node);
    added ||= !kept;
    last = kept ?? node;
  }
  return added;
}

function changed(field, wait) {
  const asked = question(field);
  if (!asked || field.dataset.field === undefined) return;
  if (wait === 0) untick(asked, field);
  waiting.add(asked.dataset.key);
  document.getElementById(`choice-${asked.dataset.key}`)?.remove();
  clearTimeout(typing);
  typing = setTimeout(send, wait);
}

// An answer, one's own words instead of it, and "I'd rather not answer" exclude each other.
const way = (field) => field.name.endsWith("!declined") ? "declined" : field.dataset.own !== undefined ? "own" : "given";

function untick(asked, field) {
  if (field.type === "checkbox" ? !field.checked : !field.value) return;
  for (const other of asked.querySelectorAll("[data-field]")) {
    if (question(other) !== asked || way(other) === way(field)) continue;
    if (other.type !== "radio" && other.type !== "checkbox") other.value = "";
    else if (way(other) !== "given" || other.type === "radio" || way(field) === "declined") other.checked = false;
  }
}

form.addEventListener("input", ({ target }) => { if (target.matches("input.field, textarea")) changed(target, 900); });
form.addEventListener("change", ({ target }) => changed(target, 0));

form.addEventListener("submit", (event) => {
  if (!isPending()) return;
  event.preventDefault();
  hold(event.submitter);
});

function hold(way) {
  goOn = way;
  send();
  if (retry) say("held");
}

// A link to another of our pages waits as well: nothing is signed or sent before what was answered is stored.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isHere = link?.pathname === location.pathname && link.search === location.search;
  if (!isPending() || !link || link.target || link.origin !== location.origin || isHere) return;
  event.preventDefault();
  hold(link);
});

// Another page of this browser is about to sign or send, and asks what is still on its way from here.
const others = new BroadcastChannel("candor");
others.addEventListener("message", ({ data }) => {
  if (data !== "unconfirmed?" || !isPending()) return;
  send();
  if (sending) others.postMessage(sending.key);
});

// What only one kind of question needs is fetched when such a question is first used.
document.addEventListener("focusin", ({ target }) => {
  const asked = question(target);
  if (asked) form.elements["!at"].value = asked.dataset.key; // where the other presentation goes on
  if (target.dataset?.module) import(target.dataset.module).catch(() => {});
});

document.addEventListener("candor:back", () => { retry = 0; attempt(); });
addEventListener("visibilitychange", () => { if (document.hidden) send(); });
addEventListener("beforeunload", (event) => { if (isPending() && !goOn && !isUrgent) event.preventDefault(); });
document.addEventListener("candor:urgent", () => { isUrgent = true; send(); });
document.addEventListener("candor:leaving", () => { stopped = true; });
