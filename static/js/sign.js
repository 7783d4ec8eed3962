// A signature drawn with a finger, a pen or a mouse. It is never needed: a typed name signs. Strokes are lists of [x, y]
// in 1/1000 of the pad's width. The page also says how large its letters are.

const pad = document.getElementById("pad");
const scale = document.querySelector("[name=font_scale]");
const OURS = 18; // pixels of our letters where the reader left the size alone
const MOST = 4000;

if (scale) scale.value = (parseFloat(getComputedStyle(document.documentElement).fontSize) / OURS).toFixed(2);
if (pad) draws(pad.querySelector("svg"), pad.querySelector("[name=mark]"));

function draws(paper, mark) {
  let strokes = JSON.parse(mark.value || "[]");
  let line = null;

  function point(event) {
    const box = paper.getBoundingClientRect();
    const whole = (value) => Math.round(Math.min(Math.max(value / box.width, 0), 1) * 1000);
    return [whole(event.clientX - box.left), Math.min(whole(event.clientY - box.top), 400)];
  }

  function show(stroke) {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    paper.append(drawn);
    drawn.setAttribute("points", stroke.join(" "));
    return drawn;
  }

  function keep(event) {
    const room = MOST - strokes.flat().length;
    for (const one of (event.getCoalescedEvents?.() ?? [event]).slice(0, Math.max(room, 0))) strokes.at(-1).push(point(one));
    line.setAttribute("points", strokes.at(-1).join(" "));
  }

  // What is drawn is no gesture: nothing scrolls, and no tap right after it is taken for the end of a swipe.
  paper.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  paper.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button || strokes.length > 99) return;
    event.preventDefault();
    paper.setPointerCapture(event.pointerId);
    strokes.push([point(event), point(event)]); // a dot is a line to itself
    line = show(strokes.at(-1));
  });
  paper.addEventListener("pointermove", (event) => { if (line) keep(event); });
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, () => {
      line = null;
      mark.value = JSON.stringify(strokes);
    });
  }
  pad.querySelector("button").addEventListener("click", () => {
    strokes = [];
    mark.value = "";
    paper.replaceChildren();
  });
  strokes.forEach(show);
  pad.hidden = false;
}
