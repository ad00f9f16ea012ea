// Looks at an open hall screen as a hall would: what is cut off, what lies on what, what is too faint.
() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) faults.push("the page scrolls");

  const seen = (element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    getComputedStyle(element).clipPath !== "inset(50%)" &&
    !element.closest(".visually-hidden, .screen__desk, .skip-link");
  const name = (element) => `${element.getAttribute("class") ?? element.tagName} "${element.textContent.trim().slice(0, 30)}"`;
  const covered = document.querySelector(".celebration")?.checkVisibility();
  const all = [...document.querySelectorAll(covered ? ".celebration *" : ".screen *:not(.celebration, .celebration *)")].filter(seen);
  const inLine = (element) => {
    const line = element.closest(".screen__just-in");
    return line === null || element.getBoundingClientRect().top < line.getBoundingClientRect().bottom - 2;
  };
  const wordy = all.filter(
    (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && inLine(element),
  );

  // Inside the screen, and inside whatever cuts off what sticks out.
  const parts = [...wordy, ...all.filter((element) => element.matches(".screen__tube, .screen__qr, .screen__swatch"))];
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) {
      faults.push(`outside: ${name(part)}`);
    }
    for (let around = part; around && around !== document.body; around = around.parentElement) {
      if (getComputedStyle(around).overflowX === "visible") continue;
      const hole = around.getBoundingClientRect();
      const sticksOut = box.left < hole.left - 1 || box.right > hole.right + 1 || box.top < hole.top - 2 || box.bottom > hole.bottom + 2;
      if (sticksOut || around.scrollWidth > around.clientWidth + 1) faults.push(`cut off: ${name(part)}`);
    }
  }

  // Nothing lies on anything else.
  const blocks = all.filter((element) =>
    element.matches(
      ".screen__title, .screen__as-at, .screen__headline, .screen__total, .screen__news > p, .screen__notes > p, " +
        ".screen__layer, .standings caption, .standings tbody tr, .screen__qr, .screen__scan, .screen__how, .screen__way, " +
        ".screen__over, .screen__words, .screen__address, .screen__just-in, .screen__imprint, .celebration > p",
    ),
  );
  blocks.forEach((one, index) => {
    const a = one.getBoundingClientRect();
    for (const other of blocks.slice(index + 1)) {
      const b = other.getBoundingClientRect();
      const isOn = a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
      if (isOn) faults.push(`${name(one)} lies on ${name(other)}`);
    }
  });

  // 7 : 1, by the WCAG's formula.
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    for (let under = element; under; under = under.parentElement) {
      const colour = getComputedStyle(under).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of wordy) {
    const style = getComputedStyle(element);
    const [one, other] = [light(element.closest("svg") ? style.fill : style.color), light(paper(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 7) faults.push(`${ratio.toFixed(1)} : 1: ${name(element)}`);
  }

  const total = document.querySelector(covered ? ".celebration__sum" : ".screen__total");
  const height = seen(total) ? total.getBoundingClientRect().height / innerHeight : null;
  if (height !== null && height < 0.2) faults.push(`the total has ${height.toFixed(3)} of the height`);
  return { faults: [...new Set(faults)], height };
};
