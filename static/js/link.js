// Moves the link's secret from the address (never sent to a server) into the form; no secret, then the code is asked.

const form = document.getElementById("page");
const token = form.elements.token;
const code = document.getElementById("code-question");

function take() {
  const [secret] = location.hash.slice(1).match(/^[\w-]{30,}$/) ?? [""];
  if (secret) token.value = secret;
  code.hidden = token.value !== "";
}

addEventListener("hashchange", take);
form.addEventListener("submit", () => history.replaceState(null, "", location.pathname));
take();
