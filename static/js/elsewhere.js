// Fetched when another screen changed an answer that is being changed here: keep that one, or save this one.

const state = document.getElementById("saving");

// `now`: the other answer, by field; `yours`: what sends the one that stands on this page.
export function offer(key, now, yours) {
  const line = document.getElementById(`e-${key}`);
  if (!line) return;
  document.getElementById(`choice-${key}`)?.remove();
  const choice = document.createElement("p");
  choice.id = `choice-${key}`;
  choice.className = "actions";
  const button = (words, act) => {
    const one = Object.assign(document.createElement("button"), { type: "button", textContent: words });
    one.setAttribute("aria-describedby", line.id);
    one.addEventListener("click", () => { choice.remove(); line.hidden = true; act(); });
    choice.append(one);
  };
  button(state.dataset.keep, () => fill(line.closest("[data-key]"), key, now));
  button(state.dataset.yours, yours);
  line.after(choice);
  line.scrollIntoView({ block: "center" });
}

function fill(asked, key, now) {
  for (const field of asked.querySelectorAll("[data-field]")) {
    if (field.closest("[data-key]") !== asked) continue;
    const texts = now[field.name] ?? [];
    const offered = [...asked.querySelectorAll(`[name="${CSS.escape(field.name)}"]`)].map(({ value }) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = texts.includes(field.value);
    else if (field.dataset.own !== undefined) field.value = texts.find((text) => !offered.includes(text)) ?? "";
    else field.value = texts[0] ?? "";
    field.setAttribute("aria-invalid", "false");
  }
}
