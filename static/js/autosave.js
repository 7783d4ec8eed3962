// Sends each answer as it is given. What the server has not confirmed stays on the page, is sent again, and is said so.

const form = document.getElementById("page");
const state = document.getElementById("saving");
const waiting = new Set(); // names of questions changed since they were last sent
let sending = null; // { key, changes }: sent again unaltered until the server answers
let busy = false;
let retry = 0;
let timer = 0;
let typing = 0;
let goOn = null; // the button pressed while something was still unsaved
let stopped = false;
let isMore = false; // whether the last reply brought questions

const question = (field) => field.closest("[data-key]");
const uuid = () =>
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));

function say(what) {
  const words = state.dataset[what];
  if (state.textContent !== words) state.textContent = words;
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
  sending = { key: uuid(), changes };
  attempt();
}

async function attempt() {
  clearTimeout(timer);
  if (busy || !sending) return;
  busy = true;
  const { status, saved } = await post();
  busy = false;
  if (saved) confirmed(saved);
  else if (status >= 400 && status < 500 && status !== 429) refused(status);
  else again();
}

async function post() {
  const slow = setTimeout(say, 1500, "saving");
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), 15_000);
  try {
    const have = [...form.querySelectorAll("[id^='q-']")].map((node) => node.id.slice(2));
    const body = JSON.stringify({ ...sending, have });
    const reply = await fetch(form.dataset.save, {
      method: "POST",
      body,
      signal: abort.signal,
      keepalive: body.length < 60_000,
      headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    });
    return { status: reply.status, saved: reply.ok ? await reply.json() : null };
  } catch {
    return { status: 0 };
  } finally {
    clearTimeout(slow);
    clearTimeout(limit);
  }
}

function confirmed(saved) {
  const sent = Object.keys(sending.changes);
  sending = null;
  retry = 0;
  for (const name of sent) tell(name, saved.problems[name] ?? "");
  isMore = Boolean(saved.html) && show(saved.html);
  if (isMore) goOn = null; // stay: there is something new to read
  if (saved.risk) document.dispatchEvent(new CustomEvent("candor:risk", { detail: saved.told }));
  send();
}

function again() {
  say("late");
  timer = setTimeout(attempt, Math.min(1000 * 2 ** retry, 30_000));
  retry += 1;
}

// The server understood and said no: the words on the page, and a full send that explains, are better than trying on.
function refused(status) {
  stopped = true;
  say(status === 403 ? "ended" : "stuck");
}

function finished() {
  say(isMore ? "more" : "saved");
  if (goOn) form.requestSubmit(goOn.isConnected ? goOn : undefined);
}

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
      const [inner, newer] = [kept, node].map((one) => one.querySelector("[data-questions]"));
      if (inner && newer) added = merge(inner, newer) || added;
      else if (newer) kept.append(newer);
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
  if (stopped || !(sending || waiting.size)) return;
  event.preventDefault();
  goOn = event.submitter;
  send();
});

addEventListener("online", () => { retry = 0; attempt(); });
addEventListener("offline", () => { if (sending || waiting.size) say("late"); });
addEventListener("visibilitychange", () => { if (document.hidden) send(); });
addEventListener("beforeunload", (event) => { if (!stopped && !goOn && (sending || waiting.size)) event.preventDefault(); });
document.addEventListener("candor:leaving", () => { stopped = true; });
