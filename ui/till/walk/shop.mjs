// Verbs for walks over a till that is served at some address: sign in, open a shift, scan. Walks name what a person does; how a key or
// a scanner reaches the window is here.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const SIZES = [
  { name: "compact", width: 1024, height: 768 },
  { name: "standard", width: 1280, height: 800 },
  { name: "wide", width: 1920, height: 1080 },
];

/** What a walk has to know of the shop behind the door; the demo's people and goods unless told. */
export function shopOf(env) {
  return {
    base: env.DAYBOOK_DOOR ?? "http://127.0.0.1:4180",
    pin: env.DAYBOOK_PIN ?? "1234",
    barcode: env.DAYBOOK_BARCODE ?? "2023744855802",
    pictures: env.DAYBOOK_PICTURES ?? "../../target/pictures",
  };
}

export const launch = () => chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A question to the till, past the window. */
export async function ask(base, request) {
  const response = await fetch(`${base}/door`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const reply = await response.json();
  if (reply.fault) throw new Error(`${request.ask}: ${JSON.stringify(reply.fault)}`);
  return reply.ok;
}

export async function open(browser, base, size, theme) {
  const context = await browser.newContext({ viewport: size, colorScheme: theme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(base);
  await page.locator("main").first().waitFor();
  return page;
}

/** Types as a scanner does: fast, and Enter at the end. */
export async function scan(page, code) {
  for (const character of code) await page.keyboard.press(character);
  await page.keyboard.press("Enter");
  // The same code sooner than this is a bounce.
  await page.waitForTimeout(300);
}

/** Waits for the till to have answered everything that was asked of it. */
export const settled = (page) => page.waitForTimeout(250);

export async function signIn(page, pin) {
  if ((await page.locator(".sign-in").count()) === 0) return;
  const tiles = page.locator(".person:not(:disabled)");
  if ((await tiles.count()) > 0) await tiles.first().click();
  await page.keyboard.type(pin, { delay: 90 });
  await page.keyboard.press("Enter");
  await page.locator(".float-field, .sell").first().waitFor();
}

export async function openShift(page) {
  await settled(page);
  if ((await page.locator(".float-field").count()) === 0) return;
  await page.locator(".float-field input").fill("150");
  await page.keyboard.press("Enter");
  await page.locator(".sell").waitFor();
}

/** Everything axe finds against WCAG 2.2 A and AA, one line each. */
export async function axe(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
  });
}

/** Targets under a finger that are too small, and how many nodes the screen has. */
export function measure(page) {
  return page.evaluate(() => {
    const tappable = [...document.querySelectorAll("button, input:not([type=checkbox]), select, a")];
    const small = tappable
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 20 && (box.height < 43.5 || box.width < 43.5))
      .map(
        ({ element, box }) => `${element.className || element.id} ${Math.round(box.width)}×${Math.round(box.height)}`,
      );
    const wide = document.documentElement.scrollWidth > window.innerWidth + 1;
    return { nodes: document.querySelectorAll("*").length, small, wide };
  });
}
