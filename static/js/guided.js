// A quick reply answers and goes on. It becomes a field that was chosen: saved by autosave.js like any other, so that no
// bad network loses it, and seen by frame.js, which opens the help for a marked one before anything is sent.

const form = document.getElementById("page");
const panel = document.getElementById("crisis");

form.addEventListener("click", (event) => {
  const reply = event.target.closest("button.reply");
  if (!reply) return;
  event.preventDefault();
  const box = reply.closest("[data-key]");
  for (const old of box.querySelectorAll("[data-reply]")) old.remove();
  const answer = Object.assign(document.createElement("input"), { type: "radio", name: reply.name, value: reply.value, hidden: true });
  const onward = Object.assign(document.createElement("button"), { hidden: true });
  for (const one of [answer, onward]) one.dataset.reply = "";
  answer.dataset.field = "";
  if (reply.dataset.risk) answer.dataset.risk = reply.dataset.risk;
  for (const other of box.querySelectorAll(".reply")) other.classList.toggle("chosen", other === reply);
  box.append(answer, onward);
  answer.checked = true;
  answer.dispatchEvent(new Event("change", { bubbles: true }));
  const goOn = () => form.requestSubmit(onward);
  if (panel.open) panel.addEventListener("close", goOn, { once: true });
  else goOn();
});
