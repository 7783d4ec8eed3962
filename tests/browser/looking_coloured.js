// Everything that the contrast of a page's words hangs on, once each: their colour and weight, and what is painted
// under them. Half of axe's time goes into contrast, and nearly every page is painted in combinations seen before.
() => {
  const painted = new Map();
  const paint = (one) => {
    if (!painted.has(one)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
      const nothing = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none" && opacity === "1";
      painted.set(one, [
        ...(nothing ? [] : [backgroundColor, backgroundImage, opacity]),
        ...(one.parentElement ? paint(one.parentElement) : []),
      ]);
    }
    return painted.get(one);
  };
  const speaks = (one) =>
    one.matches("input, select, textarea") ||
    [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
  const looks = (one) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(one);
    return JSON.stringify([color, fontSize, fontWeight, textShadow, ...paint(one)]);
  };
  const shown = [...document.body.querySelectorAll("*")].filter((one) => speaks(one) && one.checkVisibility());
  return [...new Set(shown.map(looks))];
}
