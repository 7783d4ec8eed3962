// Sends a photo as soon as it was taken, made small first. Until the server has it, the page says so and tries again.

const LONGEST = 1600; // pixels, as the server keeps it
const sending = new Set(); // the questions whose photo is on its way
let goOn = null; // the button pressed meanwhile

const box = (field) => field.closest("[data-photos]");

// A camera's photo is megabytes. What can't be made small here goes as it is: the server says what is wrong with it.
async function small(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85)) ?? file;
  } catch {
    return file;
  }
}

function say(field, what) {
  const line = box(field)?.querySelector("[role=status]");
  if (line) line.textContent = line.dataset[what];
}

async function post(field, body) {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), 60_000);
  try {
    const address = new URL("photo", new URL(field.form.dataset.save, location.href)); // beside the one that saves
    const reply = await fetch(address, { method: "POST", body, signal: abort.signal });
    return { status: reply.redirected ? 403 : reply.status, html: await reply.text() };
  } catch {
    return { status: 0 };
  } finally {
    clearTimeout(limit);
  }
}

const pause = (wait) => new Promise((done) => {
  const timer = setTimeout(done, wait);
  addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
});

async function take(field) {
  const [file] = field.files;
  if (!file) return;
  sending.add(field.name);
  say(field, "sending");
  const body = new FormData();
  body.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
  body.set("!photo-here", field.name.replace(/!photo$/, ""));
  body.set(field.name, await small(file), "photo.jpg");
  let reply = await post(field, body);
  for (let tries = 0; reply.status === 0 || reply.status >= 500 || reply.status === 429; tries += 1) {
    say(field, "late");
    await pause(Math.min(1000 * 2 ** tries, 30_000));
    reply = await post(field, body);
  }
  sending.delete(field.name);
  finished(field, reply);
}

function finished(field, { status, html }) {
  if (status !== 200 && status !== 422) return say(field, "ended");
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const id = field.id;
  box(field).replaceWith(fresh.content);
  tidy();
  document.getElementById(id).focus();
  if (status === 422) goOn = null; // stay: there is something to read
  else if (goOn && !sending.size) document.getElementById("page").requestSubmit(goOn.isConnected ? goOn : undefined);
}

// With this module the photo goes by itself.
function tidy() {
  for (const button of document.querySelectorAll("[data-by-hand]")) button.hidden = true;
}

document.addEventListener("change", ({ target }) => { if (target.dataset.photo !== undefined) take(target); });
document.addEventListener("submit", (event) => {
  if (!sending.size || event.target.id !== "page") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  goOn = event.submitter;
}, true);
const questions = document.getElementById("questions");
if (questions) new MutationObserver(tidy).observe(questions, { childList: true, subtree: true });
tidy();
