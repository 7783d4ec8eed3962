// The workspace without a reload: clocks that tick, keys, and a polled part that finds the session ended.
// Everything here is a convenience: each page works without it.

const loadedAt = new WeakMap();

// Seconds left come from the database; the device's own clock is never asked what time it is.
function tick() {
  for (const clock of document.querySelectorAll("[data-seconds-left]")) {
    if (!loadedAt.has(clock)) loadedAt.set(clock, performance.now());
    const gone = (performance.now() - loadedAt.get(clock)) / 1000;
    const left = Math.round(Number(clock.dataset.secondsLeft) - gone);
    const span = Math.abs(left);
    const text = span < 3600
      ? `${Math.floor(span / 60)}:${String(span % 60).padStart(2, "0")}`
      : `${Math.floor(span / 3600)} h ${Math.floor((span % 3600) / 60)} min`;
    clock.textContent = left >= 0 ? `${text} left` : `${text} late`;
    clock.classList.toggle("late", left < 0);
  }
}
tick();
setInterval(tick, 1000);

// A poll that was sent to the sign-in page must not paste that page into this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = new URL(event.detail.xhr.responseURL || location.href);
  if (!answered.pathname.startsWith("/accounts/")) return;
  event.detail.shouldSwap = false;
  document.querySelector("#signed-out")?.removeAttribute("hidden");
});

// What was unfolded stays unfolded when its part of the page is renewed.
let unfolded = [];
document.addEventListener("htmx:beforeSwap", () => {
  unfolded = [...document.querySelectorAll("details[open][id]")].map((details) => details.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  tick();
});

// Keys can be switched off (WCAG 2.1.4): a screen reader or a voice may press single letters of its own.
const keysOn = document.querySelector("#keys-on");
const showKeys = document.querySelector("#show-keys");
if (keysOn) {
  keysOn.checked = localStorage.getItem("keys") !== "off";
  keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
  showKeys.hidden = false;
  showKeys.addEventListener("click", () => document.querySelector("#keys").showModal());
}

function step(direction) {
  const links = [...document.querySelectorAll(".rows a")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (direction > 0 ? 0 : -1) : Math.min(Math.max(at + direction, 0), links.length - 1);
  links.at(next)?.focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  i: () => location.assign(document.querySelector(".brand").href),
  "/": () => document.querySelector("#words")?.focus(),
  "?": () => document.querySelector("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  const command = event.ctrlKey || event.metaKey || event.altKey;
  if (typing || command || !keysOn?.checked || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
