// What every patient's page has: help that opens at once, a quick way out, and an end when the page is left alone.
// The words, the marks and the limits are on the page; nothing here knows which answers matter.

const panel = document.getElementById("crisis");
const seen = document.querySelector("input[name='!help-seen']");
let opened = false;

function open() {
  opened = true;
  if (seen) seen.value = "1";
  if (!panel.showModal) location.hash = "crisis";
  else if (!panel.open) panel.showModal();
}

function chosen(field) {
  return field.selectedOptions ? field.selectedOptions[0] : field.checked ? field : null;
}

document.addEventListener("change", ({ target }) => {
  if (chosen(target)?.dataset.risk !== undefined) open();
});

// The server has stored such an answer. Only now may the panel say whether the care team was told of it.
document.addEventListener("candor:risk", ({ detail }) => {
  panel.querySelector("[data-told]").hidden = !detail;
  panel.querySelector("[data-untold]").hidden = Boolean(detail);
  if (!opened) open();
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
  fetch(exit.action, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => {});
  document.dispatchEvent(new Event("candor:leaving"));
  document.body.hidden = true;
  location.replace(address);
}

function tellServer() {
  told = Date.now();
  fetch(exit.dataset.here, { credentials: "same-origin" }).catch(() => {});
}

// Reading is no request: the server hears of it after the fact, and never ends a session before this page does.
function watch() {
  const quiet = Date.now() - active;
  if (quiet >= limit) gone(exit.dataset.ended);
  else if (quiet >= limit - MINUTE && !ask.open) ask.showModal();
  else if (active > told && Date.now() - told > limit / 4) tellServer();
}

if (exit) {
  exit.addEventListener("submit", (event) => {
    event.preventDefault();
    gone(exit.dataset.away);
  });
  for (const sign of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(sign, () => { if (!ask.open) active = Date.now(); }, { passive: true });
  }
  ask.addEventListener("close", () => { active = Date.now(); tellServer(); });
  setInterval(watch, 5000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
