// Looks at what a window shows as a picky person would: with axe, with a ruler for targets and nodes, for text that is cut off or runs out
// of its button, and with a camera. Whatever is found names the screen, so that it can be found again.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Beyond this, drawing Sell on a slow till is felt. */
const SELL_NODES_MAX = 600;

/** How a person, or their system, wants the window to look. */
export const THEMES = {
  light: {},
  dark: { colorScheme: "dark" },
  high: { contrast: "more" },
  "high-dark": { contrast: "more", colorScheme: "dark" },
  forced: { forcedColors: "active" },
};
const PLAIN = { colorScheme: "light", contrast: "no-preference", forcedColors: "none" };

/** Gives `look(name)`: looks at what is shown in each of the themes. Findings go to `found`, pictures to `album`. */
export function lookerAt(window, { album, found, themes = ["light", "dark"] }) {
  const { page, format } = window;
  return async (name) => {
    await window.settled();
    for (const [index, theme] of themes.entries()) {
      await page.emulateMedia({ ...PLAIN, ...THEMES[theme] });
      const where = `${format} ${theme} ${name}`;
      album.add({ format, theme, name }, await page.screenshot());
      const axe = await axeOn(page, index === 0);
      for (const problem of axe) found(`${where}: ${problem}`);
      if (index > 0) continue;
      const { nodes, problems } = await page.evaluate(ruler);
      for (const problem of problems) found(`${where}: ${problem}`);
      if (name.startsWith("sell") && nodes > SELL_NODES_MAX) found(`${where}: ${nodes} nodes`);
      album.nodes(name, nodes);
    }
    await page.emulateMedia(PLAIN);
  };
}

/** What axe finds: everything of WCAG 2.2 A and AA in the first theme, what colours alone change in the others. */
export async function axeOn(page, everything) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const runOnly = everything ? { type: "tag", values: WCAG } : { type: "rule", values: ["color-contrast"] };
  return page.evaluate(async (only) => {
    const { violations } = await window.axe.run(document, { runOnly: only, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  }, runOnly);
}

/** In the window: what is too small to tap, cut off, or runs over something else. */
export function ruler() {
  const problems = [];
  const named = (element) => {
    const own = typeof element.className === "string" ? element.className.trim().replace(/\s+/g, ".") : "";
    return `${element.tagName.toLowerCase()}${own ? `.${own}` : ""} “${(element.textContent ?? "").trim().slice(0, 30)}”`;
  };
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const tappable = [...document.querySelectorAll("button, input:not([type=checkbox]), select, a")].filter(seen);
  for (const element of tappable) {
    const { width, height } = element.getBoundingClientRect();
    const small = width > 20 && (height < 43.5 || width < 43.5);
    if (small) problems.push(`too small: ${named(element)} ${Math.round(width)}×${Math.round(height)}`);
  }
  // What lies under a dialog or a bar that stays, or is scrolled out of sight, is in nobody's way.
  const boxes = tappable.map((element) => ({ element, box: visiblePart(element) })).filter(({ box }) => reached(box));
  for (const [index, { element, box }] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      const within = other.element.contains(element) || element.contains(other.element);
      if (width > 1 && height > 1 && !within) problems.push(`overlap: ${named(element)} and ${named(other.element)}`);
    }
  }

  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element || !seen(element) || element.closest(".unseen, script, style")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    if (text.width === 0) continue;
    const holder = element.closest("button, .press, .pill, .mark, .badge, .card, .line, .party, td, th");
    const box = holder?.getBoundingClientRect();
    const shortened = shortens(element);
    const spilt = box && (text.left < box.left - 1.5 || text.right > box.right + 1.5);
    if (spilt && !shortened) problems.push(`runs out of its place: ${named(element)} in ${named(holder)}`);
    const tall = box && !shortened && (text.top < box.top - 2 || text.bottom > box.bottom + 2);
    if (tall) problems.push(`is taller than its place: ${named(element)} in ${named(holder)}`);
    const outside = text.left < -1 || text.right > innerWidth + 1;
    if (outside && !shortened && !scrolls(element)) problems.push(`cut off by the window: ${named(element)}`);
    const clip = clipping(element);
    const clipBox = clip?.getBoundingClientRect();
    if (clipBox && !shortened && (text.right > clipBox.right + 1.5 || text.left < clipBox.left - 1.5)) {
      problems.push(`cut off: ${named(element)} in ${named(clip)}`);
    }
  }
  // A name may end in dots; words of the window may not.
  for (const element of document.querySelectorAll(
    "button > span, .press, .pill span, h1, h2, h3, dt, label > span, legend",
  )) {
    if (!seen(element) || element.closest("bdi, .unseen")) continue;
    const dotted =
      getComputedStyle(element).textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth + 1;
    if (dotted) problems.push(`shortened: ${named(element)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) problems.push("wider than the window");
  if (!/\S/.test(document.querySelector("main")?.textContent ?? "")) problems.push("nothing is shown");
  return { nodes: document.querySelectorAll("*").length, problems };

  /** The part of an element that its scrolling parents show. */
  function visiblePart(element) {
    let { left, right, top, bottom } = element.getBoundingClientRect();
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowY === "visible") continue;
      const box = at.getBoundingClientRect();
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return { element, left, right, top, bottom };
  }
  function reached({ element, left, right, top, bottom }) {
    if (right - left < 2 || bottom - top < 2) return false;
    const found = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    for (let at = found; at && !at.contains(element); at = at.parentElement) {
      if (["sticky", "fixed"].includes(getComputedStyle(at).position)) return false;
    }
    return true;
  }
  function shortens(element) {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none") return true;
    }
    return false;
  }
  function scrolls(element) {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  }
  function clipping(element) {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const { overflowX } = getComputedStyle(at);
      if (overflowX === "auto" || overflowX === "scroll") return null;
      if (overflowX === "hidden" || overflowX === "clip") return at;
    }
    return null;
  }
}

/** Keeps pictures in a folder, and remembers which there are. */
export function albumIn(folder) {
  const pictures = [];
  const counts = new Map();
  return {
    pictures,
    add(picture, image) {
      const file = `${picture.format}-${picture.theme}-${picture.name}.png`;
      writeFileSync(join(folder, file), image);
      pictures.push({ ...picture, file });
    },
    nodes(name, count) {
      counts.set(name, Math.max(count, counts.get(name) ?? 0));
    },
    /** The most nodes that a screen had whose name begins like this. */
    mostNodes: (start) =>
      Math.max(0, ...[...counts].filter(([name]) => name.startsWith(start)).map(([, count]) => count)),
  };
}
