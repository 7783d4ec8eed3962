// What looking.py asks of a page as it stands. A width in CSS pixels goes in, lists of the guilty come out.
(width) => {
  const inSentence = (one) =>
    getComputedStyle(one).display === "inline" && one.parentNode.textContent.trim() !== one.textContent.trim();
  const tooSmall = (one) => {
    const box = one.getBoundingClientRect();
    return box.width < 24 || box.height < 24;
  };
  const inSight = (one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  const html = (one) => one.outerHTML.slice(0, 120);
  const targets = document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])");
  return {
    // WCAG 2.5.8, which axe can't tell under a sticky bar; a label is its input's target
    small: [...targets]
      .map((one) => one.closest("label") ?? one)
      .filter((one) => one.checkVisibility() && !one.matches(".away, .skip") && !inSentence(one) && tooSmall(one))
      .map(html),
    wide: document.documentElement.scrollWidth,
    over: [...document.body.querySelectorAll("*")]
      .filter((one) => one.getBoundingClientRect().right + scrollX > width && !one.closest(".scroll"))
      .map(html),
    unreachable: [...document.querySelectorAll("dialog[open] [href='tel:988']")].filter((one) => !inSight(one)).map(html),
    covered: (document.querySelector(".bar")?.getBoundingClientRect().height ?? 0) / innerHeight,
  };
}
