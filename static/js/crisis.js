// Opens the help panel: at once when a marked option is chosen, or when somebody asks for it.
// The words and the marks are on the page; nothing here knows which answers matter.

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

// The server has stored such an answer and the care team's alert with it: only now may the panel say so.
document.addEventListener("candor:risk", () => {
  for (const line of panel.querySelectorAll("[data-told]")) line.hidden = false;
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
