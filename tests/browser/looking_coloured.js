// All of a page that its colours can hang on, and none of its words: half of axe's time goes into contrast, and the
// same page in another language, or with another answer typed, has the colours that were looked at already.
() => {
  const words = new Set(["lang", "title", "alt", "aria-label", "placeholder", "content", "value"]);
  const told = ({ name, value }) => (name.startsWith("data-") ? name : `${name}=${value}`);
  const state = (one) => [
    one.checked, one.validity?.valid, one === document.activeElement, Boolean(one.textContent.trim()), Boolean(one.value),
  ];
  const elements = [...document.querySelectorAll("*")].map((one) => [
    one.localName, ...state(one), ...[...one.attributes].filter(({ name }) => !words.has(name)).map(told),
  ]);
  return JSON.stringify([location.hash, matchMedia("(hover: hover)").matches, elements]);
}
