// What every patient's page has: help that opens at once, a quick way out, an end when the page is left alone, and
// what the network is doing.
// The words, the marks and the limits are on the page; nothing here knows which answers matter.

const panel = document.getElementById("crisis");
const seen = document.querySelector("input[name='!help-seen']");
const known = new Set(); // the dangers that the help was open for
let isEarly = false; // it opened for a choice that the server has not confirmed yet

// A page that answered a form would be asked for with that form again: by the browser's Back, which then shows an error.
history.replaceState(history.state, "", location.href);

function open(about = "self") {
  for (const words of panel.querySelectorAll("[data-about]")) words.hidden = words.dataset.about !== about;
  if (seen) seen.value = "1";
  if (!panel.showModal) location.hash = "crisis";
  else if (!panel.open) panel.showModal();
}

function chosen(field) {
  return field.selectedOptions ? field.selectedOptions[0] : field.checked ? field : null;
}

document.addEventListener("change", ({ target }) => {
  const about = chosen(target)?.dataset.risk;
  if (!about) return;
  isEarly = true;
  part("late").hidden = how !== "gone";
  open(about);
});

const part = (name) => panel.querySelector(`[data-${name}]`);

// Such an answer could not be stored; where the page says so is covered.
document.addEventListener("candor:late", () => { part("late").hidden = !isEarly; });

// The server has stored such an answer. Only now may the panel say whether the care team was told of it.
document.addEventListener("candor:kept", ({ detail: { risk, told, dangers = [] } }) => {
  const opens = !isEarly && dangers.some((one) => !known.has(one));
  isEarly = false;
  part("late").hidden = true;
  if (!risk) return;
  for (const one of dangers) known.add(one);
  part("told").hidden = !told;
  part("untold").hidden = Boolean(told);
  part("more").hidden = document.getElementById("here").hidden = false;
  if (opens && !panel.open) open();
});

part("more")?.addEventListener("click", () => {
  document.getElementById("here").scrollIntoView();
  document.getElementById("here-place").focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[href='#crisis'], [data-close]");
  if (!link) return;
  if (link.hash === "#crisis") {
    event.preventDefault();
    open();
  } else if (panel.open) {
    event.preventDefault();
    panel.close();
  }
});

if (location.hash === "#crisis") open();

// --- leaving: only where a session is open ---

const exit = document.getElementById("leave");
const ask = document.getElementById("idle");
const MINUTE = 60_000;
const limit = Number(exit?.dataset.idle) * 1000;
let active = Date.now();
let told = active;

function gone(address) {
  const body = new FormData(exit);
  for (const name of ["key", "place", "number"]) body.append(name, typed()?.elements[name].value ?? "");
  fetch(exit.action, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => {});
  document.dispatchEvent(new Event("candor:leaving"));
  document.body.hidden = true;
  location.replace(address);
}

// Where the patient is was typed and not sent yet: it goes out before the page does.
const typed = () => [...document.querySelectorAll("form.here")].find(({ elements: { place, number } }) =>
  (place.value + number.value).trim());

function tellTyped() {
  const form = typed();
  if (form) fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true, redirect: "manual" }).catch(() => {});
}

// The call buttons are never covered: where they are on the page, the warning is in the panel that has them too.
function warn() {
  tellTyped();
  if (!panel.open && !document.querySelector("main .help-lines")) return ask.showModal();
  part("still").hidden = false;
  if (!panel.open) open();
}

function tellServer() {
  told = Date.now();
  fetch(exit.dataset.here, { credentials: "same-origin" }).catch(() => {});
}

// Reading is no request: the server hears of it after the fact, and never ends a session before this page does.
function watch() {
  const quiet = Date.now() - active;
  const still = part("still");
  if (quiet >= limit) return gone(exit.dataset.ended);
  if (quiet >= limit - MINUTE) return ask.open || !still.hidden || warn();
  still.hidden = true;
  if (active > told && Date.now() - told > limit / 4) tellServer();
}

if (exit) {
  exit.addEventListener("submit", (event) => {
    event.preventDefault();
    gone(exit.dataset.away);
  });
  for (const sign of ["pointerdown", "keydown", "scroll"]) {
    const isSign = () => !ask.open && (sign !== "scroll" || part("still").hidden); // a page that opens help scrolls by itself
    addEventListener(sign, () => { if (isSign()) active = Date.now(); }, { passive: true });
  }
  ask.addEventListener("close", () => { active = Date.now(); tellServer(); });
  setInterval(watch, 5000);
  addEventListener("visibilitychange", () => { if (document.hidden) tellTyped(); }); // perhaps to call
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

// --- the network: slow, gone and back again, as requests find it; the browser's own word only makes us ask ---

const banner = document.getElementById("line");
let how = "here";
let asking = 0;
let tries = 0;
let isDropped = false; // a signature, or forms to be sent, met no server: they go out at a press and not by themselves

function show(what) {
  const was = how;
  how = what;
  if (what === was) return;
  banner.hidden = what === "here" && was === "slow";
  tell();
  if (was !== "gone") return;
  document.dispatchEvent(new Event("candor:back"));
  setTimeout(() => { banner.hidden ||= how === "here" && !isDropped; }, 6000);
}

function tell() {
  const back = isDropped ? "press" : "back";
  const gone = isDropped ? "dropped" : "gone";
  banner.textContent = banner.dataset[{ here: back, gone }[how] ?? how];
}

async function isThere() {
  const abort = new AbortController();
  const slow = setTimeout(heard, 4000, "slow");
  const limit = setTimeout(() => abort.abort(), 12_000);
  try {
    await fetch(banner.dataset.ask, { cache: "no-store", signal: abort.signal });
    heard("here");
    return true;
  } catch {
    heard("gone");
    return false;
  } finally {
    clearTimeout(slow);
    clearTimeout(limit);
  }
}

function heard(what) {
  if (what === "slow" && how === "gone") return;
  show(what);
  clearTimeout(asking);
  tries = what === "gone" ? tries + 1 : 0;
  if (tries) asking = setTimeout(isThere, Math.min(1000 * 2 ** tries, 30_000) * (0.5 + Math.random() / 2));
}

document.addEventListener("candor:line", ({ detail }) => heard(detail));
addEventListener("offline", isThere);
addEventListener("online", isThere);

// --- signing, sending, opening: the page is left only for a server that is there, and says what is still on its way ---

let isSure = false;
let isBusy = false;
let pressed = null; // the button of what is still to be signed or sent

// Keys of saves that other pages of this browser have had no reply to.
function unconfirmed() {
  const others = new BroadcastChannel("candor");
  const keys = [];
  others.addEventListener("message", ({ data }) => keys.push(data));
  others.postMessage("unconfirmed?");
  return new Promise((done) => setTimeout(() => { others.close(); done(keys); }, 150));
}

// Where the patient is goes out as soon as it can: it is not worth less for having waited, as a signature would be.
const canWait = (form) => form.matches(".here");

// A press while we ask is not lost: if the server was not there, it is asked again.
async function makeSure() {
  isBusy = true;
  let asked;
  let there;
  let keys;
  do {
    asked = pressed;
    [there, keys] = await Promise.all([isThere(), unconfirmed()]);
  } while (!there && (pressed !== asked || how === "here"));
  isBusy = false;
  const { form, submitter } = pressed;
  const late = form.querySelector("[data-unsent]");
  if (late) late.textContent = there ? "" : late.dataset.unsent;
  if (!there) late?.scrollIntoView({ block: "center" });
  if (there || !canWait(form)) pressed = null;
  isDropped = !pressed && !there;
  if (isDropped) tell();
  if (!there) return;
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "!unconfirmed", value: keys.join() });
  form.querySelector("[name='!unconfirmed']")?.remove();
  form.append(field);
  if (canWait(form)) document.dispatchEvent(new Event("candor:urgent"));
  isSure = true;
  form.requestSubmit(submitter);
}

document.addEventListener("candor:back", () => { if (pressed && !isBusy) makeSure(); });

// Pages that save each answer by themselves see to this on their own.
for (const form of document.querySelectorAll("#page:not([data-save]), form.here")) {
  form.addEventListener("submit", (event) => {
    if (isSure) {
      isSure = false;
      return;
    }
    event.preventDefault();
    pressed = { form, submitter: event.submitter };
    if (!isBusy) makeSure();
  });
}
