// Scans with the focus in every kind of place, through real key events: each scan adds one piece, leaves no digit in any field, and
// presses nothing.

import { ask } from "./till.mjs";
import { barcodedGoods, openShift, openWindow, signIn } from "./window.mjs";

export async function walkScanner({ browser, till, say, found }) {
  const window = await openWindow(browser, till);
  const { page, key, type, scan, settled } = window;
  await signIn(window);
  await openShift(window);
  const [{ barcode: code }] = await barcodedGoods(till);
  const pieces = async () => (await ask(till.base, { ask: "cart" })).pieces;
  const count = (selector) => page.locator(selector).count();

  async function place(name, arrive, left) {
    await arrive();
    await settled();
    const before = await pieces();
    await scan(code);
    const added = (await pieces()) - before;
    const stayed = await left();
    if (added !== 1000) found(`${name}: ${added / 1000} pieces added`);
    if (stayed !== "") found(`${name}: left “${stayed}”`);
    say(`${name}: ${added / 1000} added`);
  }

  const nothing = async () => "";
  const typed = async () => ((await count(".entry-line .number")) > 0 ? "digits" : "");
  await place("no focus", async () => undefined, typed);
  await place(
    "the search field",
    () => page.locator("#search").focus(),
    () => page.locator("#search").inputValue(),
  );
  await place(
    "a search half typed",
    async () => {
      await page.locator("#search").focus();
      await type("mi");
    },
    () => page.locator("#search").inputValue(),
  );
  await place("a product's tile", () => page.locator(".tiles button").nth(3).focus(), nothing);
  await place(
    "the pay key",
    () => page.locator(".pay").focus(),
    async () => ((await count(".tender")) > 0 ? "payment opened" : ""),
  );
  await place(
    "an amount half typed",
    async () => {
      await key("F12");
      await type("20");
    },
    async () =>
      (await count(".tender .given .number")) > 0 ? page.locator(".tender .given .number").textContent() : "",
  );
  await place(
    "the line editor",
    async () => {
      await key("Escape");
      await key("F7");
      await type("1");
    },
    nothing,
  );
  await place(
    "the number of a card",
    async () => {
      await key("F12");
      await key("F6");
      await page.locator(".card-step input").first().focus();
    },
    async () => ((await count(".card-step")) > 0 ? "the card step" : ""),
  );
  await window.close();
}
