// A box with suggestions (WAI-ARIA combobox, list autocomplete): names come from the clinic's table of terms, by POST.
// What the box holds is what counts: the server knows a term by its name. Without this file the box takes words.

const PAUSE = 200; // ms without a key before the table is asked
let box = null; // the one that is open or waits for names
let asked = 0; // the latest question; older replies are too late
let timer = 0;

const list = (one) => one.parentElement.querySelector("[role=listbox]");
const said = (one) => one.parentElement.querySelector("[role=status]");
const options = (one) => [...list(one).children];
const active = (one) => document.getElementById(one.getAttribute("aria-activedescendant"));

function close() {
  clearTimeout(timer);
  asked += 1;
  if (!box) return;
  list(box).hidden = true;
  said(box).textContent = "";
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
  box = null;
}

async function search(one) {
  const number = (asked += 1);
  const typed = one.value;
  if (!typed.trim()) return close();
  let names = [];
  try {
    const reply = await fetch(one.dataset.terms, {
      method: "POST",
      body: JSON.stringify({ table: one.dataset.table, typed }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": one.form.elements.csrfmiddlewaretoken.value },
    });
    if (reply.ok) names = (await reply.json()).terms;
  } catch {
    // no network: the box takes words as ever
  }
  if (number === asked && document.activeElement === one) show(one, names);
}

function show(one, names) {
  close();
  if (!names.length || (names.length === 1 && names[0] === one.value)) return;
  box = one;
  list(one).replaceChildren(...names.map((name, place) => Object.assign(document.createElement("li"), {
    id: `${list(one).id}-${place}`, role: "option", textContent: name, ariaSelected: "false",
  })));
  list(one).hidden = false;
  one.setAttribute("aria-expanded", "true");
  said(one).textContent = `${said(one).dataset.found} ${names.length}`;
  list(one).scrollIntoView({ block: "nearest" });
}

function mark(one, step) {
  const all = options(one);
  const here = all.indexOf(active(one));
  const next = all.at(here < 0 ? (step > 0 ? 0 : -1) : (here + step) % all.length);
  for (const option of all) option.ariaSelected = String(option === next);
  one.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function choose(one, option) {
  one.value = option.textContent;
  keepOwnWords(one);
  close();
  one.dispatchEvent(new Event("change", { bubbles: true }));
}

// "Did you mean" was about other words.
function keepOwnWords(one) {
  for (const near of document.getElementsByName(`${one.name}!near`)) near.checked = near.value === "";
}

const isBox = (target) => target.matches?.("input[data-terms]");

document.addEventListener("input", ({ target, isComposing }) => {
  if (!isBox(target) || isComposing) return;
  keepOwnWords(target);
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE, target);
});

document.addEventListener("keydown", (event) => {
  const one = event.target;
  if (!isBox(one) || event.isComposing) return;
  const isOpen = one === box;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (isOpen) mark(one, event.key === "ArrowDown" ? 1 : -1);
    else search(one);
  } else if (isOpen && event.key === "Enter" && active(one)) {
    event.preventDefault();
    choose(one, active(one));
  } else if (isOpen && event.key === "Escape") {
    event.preventDefault();
    close();
  }
});

// A finger or a mouse: the box keeps the focus, so that the keyboard of the phone stays.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[role=listbox]")) event.preventDefault();
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[role=listbox]")) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  const option = target.closest("[role=listbox] > [role=option]");
  if (option && box) choose(box, option);
});
document.addEventListener("focusout", ({ target }) => { if (target === box) close(); });

// Whoever types fast was there before this file.
const first = document.activeElement;
if (isBox(first) && first.value !== first.defaultValue) timer = setTimeout(search, PAUSE, first);
