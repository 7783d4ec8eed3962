// Leaves at once when asked, and by itself when the page is left alone; never shows a page again out of a cache.

const exit = document.getElementById("leave");
const ask = document.getElementById("idle");
const MINUTE = 60_000;
const limit = Number(exit.dataset.idle) * 1000;
let active = Date.now();
let told = active;

function gone(address) {
  const body = new FormData(exit);
  fetch(exit.action, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => {});
  document.dispatchEvent(new Event("candor:leaving"));
  document.body.hidden = true;
  location.replace(address);
}

function stillHere() {
  active = told = Date.now();
  fetch(exit.dataset.here, { credentials: "same-origin" }).catch(() => {});
}

exit.addEventListener("submit", (event) => {
  event.preventDefault();
  gone(exit.dataset.away);
});

for (const sign of ["pointerdown", "keydown", "scroll"]) {
  addEventListener(sign, () => { if (!ask.open) active = Date.now(); }, { passive: true });
}
ask.addEventListener("close", stillHere);

setInterval(() => {
  const quiet = Date.now() - active;
  if (quiet >= limit) gone(exit.dataset.ended);
  else if (quiet >= limit - MINUTE && !ask.open) ask.showModal();
  else if (active - told > 5 * MINUTE) stillHere();
}, 5000);

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
