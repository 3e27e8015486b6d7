// Verbs for walks over a till's window: press a key, scan, sign in, wait until everything was answered. Walks name what a person does;
// how a key or a scanner reaches the window is here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ask } from "./till.mjs";
import { wordsOf } from "./words.mjs";

export const SIZES = {
  compact: { width: 1024, height: 768 },
  standard: { width: 1280, height: 800 },
  wide: { width: 1920, height: 1080 },
};

/** Milliseconds between two keys of a scanner, of a person, and before the same thing is scanned again. */
const SCANNER_MS = 4;
const PERSON_MS = 320;
const AGAIN_MS = 400;

/** The barcodes of the demo's goods, by number; its catalogue has neither commas nor quotes within fields. */
const BARCODES = new Map(
  readFileSync(join(import.meta.dirname, "../../../tests/demo/products.csv"), "utf8")
    .split("\n")
    .slice(1)
    .map((row) => row.split(","))
    .map(([sku, barcode]) => [sku, barcode]),
);

/** How long anything that a walk waits for may take; a busy machine is slow, and a state that never comes is found all the same. */
const PATIENCE_MS = 20_000;

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--font-render-hinting=none"],
  });

/** Opens a window over a till. `tongue`: the catalogue it was built with. */
export async function openWindow(browser, till, { size = "standard", tongue = "english" } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.addInitScript(countQuestions);
  const keyboard = await keyboardOf(page);
  const say = wordsOf(tongue);
  const button = (id, values) => page.getByRole("button", { name: say(id, values), exact: true });
  const format = tongue === "english" ? size : `${size}-${tongue}`;
  const window = { page, till, format, say, button, faults, ...keyboard, settled: () => settled(page), shown, close };
  await page.goto(till.base);
  await shown("main");
  return window;

  /** Waits until something is on the screen. */
  function shown(selector) {
    return page.locator(selector).first().waitFor();
  }

  async function close() {
    await context.close();
    if (faults.length > 0) throw new Error(`the window threw: ${faults.join("; ")}`);
  }
}

/** In the window: how many questions wait for the till's answer. */
function countQuestions() {
  window.questions = 0;
  const plain = window.fetch;
  window.fetch = async (...request) => {
    window.questions += 1;
    try {
      const response = await plain(...request);
      await response.clone().arrayBuffer();
      return response;
    } finally {
      window.questions -= 1;
    }
  };
}

/** Waits until the till has answered everything that was asked of it, and the window has drawn it. */
async function settled(page) {
  const quiet = await page.evaluate(async (patience) => {
    const until = performance.now() + patience;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await document.fonts.ready;
    for (let still = 0; still < 3; ) {
      await frame();
      const waits = window.questions > 0 || document.querySelector(".opening, [aria-busy=true], .tile-coming") !== null;
      still = waits ? 0 : still + 1;
      if (performance.now() > until) return false;
    }
    return true;
  }, PATIENCE_MS);
  if (!quiet) throw new Error("the window did not come to rest");
}

const NAMED = { Enter: 13, Escape: 27, Tab: 9, Backspace: 8, Delete: 46, Home: 36, End: 35, " ": 32 };
Object.assign(NAMED, { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 });
const HELD = { Alt: 1, Control: 2, Shift: 8 };

/** Where a key sits on the keyboard. */
function physical(key) {
  const number = /^F(\d+)$/.exec(key)?.[1];
  if (number) return { code: key, virtual: 111 + Number(number) };
  if (key in NAMED) return { code: key === " " ? "Space" : key, virtual: NAMED[key] };
  const virtual = key.toUpperCase().charCodeAt(0);
  if (/^\d$/.test(key)) return { code: `Digit${key}`, virtual };
  return { code: /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : "", virtual };
}

/**
 * Keys with times of their own. The window tells a scanner from a hand by the times of its key events, and a busy machine must not make a
 * hand of a scanner: each event carries the time at which it is meant to have happened.
 */
async function keyboardOf(page) {
  const session = await page.context().newCDPSession(page);
  let at = 0;

  function send(name, gap) {
    const parts = name.split(/(?<=.)\+/);
    const key = parts.pop();
    const modifiers = parts.reduce((sum, part) => sum + HELD[part], 0);
    const single = key.length === 1;
    const { code, virtual } = physical(key);
    const text = modifiers > 0 ? "" : single ? key : key === "Enter" ? "\r" : "";
    at = Math.max(at + gap, Date.now());
    const event = { key, code, modifiers, windowsVirtualKeyCode: virtual, timestamp: at / 1000 };
    return Promise.all([
      session.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event, text }),
      session.send("Input.dispatchKeyEvent", { type: "keyUp", ...event }),
    ]);
  }

  return {
    /** One key, as a person presses it: "Enter", "Control+k", "9". */
    key: (name) => send(name, PERSON_MS),
    /** Text, as a person types it. */
    async type(text) {
      for (const character of text) await send(character, PERSON_MS);
    },
    /** A code as a scanner types it, with Enter at the end. */
    async scan(code) {
      at += AGAIN_MS;
      // All at once: the window also gives a burst up when nothing comes for a while.
      await Promise.all([...code, "Enter"].map((character) => send(character, SCANNER_MS)));
      await settled(page);
    },
  };
}

/** Signs the first person of the list in, where nobody is. */
export async function signIn({ page, till, type, key, shown, settled }) {
  await settled();
  if ((await page.locator(".sign-in").count()) === 0) return;
  await page.locator(".person:not(:disabled)").first().click();
  await type(till.pin);
  await key("Enter");
  await shown(".float-field, .same-float, .sell");
  await settled();
}

/** Opens a shift where none is open. */
export async function openShift({ page, key, shown, settled }) {
  await settled();
  if ((await page.locator(".sell").count()) > 0) return;
  await page.locator(".float-field input").fill("150");
  await key("Enter");
  await shown(".sell");
  await settled();
}

/** Gives the cart up, past the window. */
export async function emptyCart({ page, till, shown, settled }) {
  const { lines } = await ask(till.base, { ask: "cart" });
  if (lines.length > 0) {
    const act = { do: "abandon", reason: "training" };
    await ask(till.base, { ask: "act", command: crypto.randomUUID(), act, approval: null });
  }
  await page.reload();
  await shown(".sell");
  await settled();
}

/** Goods with a price and a barcode, as the till lists them. */
export async function barcodedGoods(till) {
  const { rows } = await ask(till.base, { ask: "products", department: null, offset: 0, limit: 40 });
  const goods = rows.map((product) => ({ ...product, barcode: BARCODES.get(product.sku) ?? "" }));
  return goods.filter(({ price, barcode }) => price > 0 && barcode !== "");
}
