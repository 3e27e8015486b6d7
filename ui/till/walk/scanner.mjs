// Scans with the focus in every kind of place, through real key events: each scan adds one piece, leaves no digit in any field, and
// presses nothing.

import { ask, launch, open, openShift, SIZES, scan, settled, shopOf, signIn } from "./shop.mjs";

const shop = shopOf(process.env);
const browser = await launch();
const page = await open(browser, shop.base, SIZES[1], "light");
await signIn(page, shop.pin);
await openShift(page);
const code = shop.barcode;
const pieces = async () => (await ask(shop.base, { ask: "cart" })).pieces;
let failed = 0;

async function place(name, arrive, left) {
  await arrive();
  await settled(page);
  const before = await pieces();
  await scan(page, code);
  await settled(page);
  const added = (await pieces()) - before;
  const found = await left();
  const kept = added === 1000 && found === "";
  if (!kept) failed += 1;
  console.log(`${kept ? "kept  " : "broken"} ${name}: ${added / 1000} added, left “${found}”`);
}

const nothing = async () => "";
const entry = () =>
  page
    .locator(".entry-line")
    .textContent()
    .then((words) => words.replace(/\d+ items?|Scan.*/, "").trim());
await place("no focus", async () => undefined, entry);
await place(
  "the search field",
  () => page.locator("#search").focus(),
  () => page.locator("#search").inputValue(),
);
await place(
  "a search half typed",
  async () => {
    await page.locator("#search").focus();
    await page.keyboard.type("mi", { delay: 300 });
  },
  () => page.locator("#search").inputValue(),
);
await place("a product's tile", () => page.locator(".tiles button").nth(3).focus(), nothing);
await place(
  "the pay key",
  () => page.locator(".pay").focus(),
  async () => ((await page.locator(".tender").count()) > 0 ? "payment opened" : ""),
);
await place(
  "an amount half typed",
  async () => {
    await page.keyboard.press("F12");
    await page.keyboard.type("20", { delay: 300 });
  },
  async () =>
    (await page.locator(".tender .given .number").count()) > 0
      ? await page.locator(".tender .given .number").textContent()
      : "",
);
await place(
  "the line editor",
  async () => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("F7");
    await page.keyboard.type("1", { delay: 300 });
  },
  nothing,
);
await place(
  "the number of a card",
  async () => {
    await page.keyboard.press("F12");
    await page.keyboard.press("F6");
    await page.locator(".card-step input").first().focus();
  },
  async () => ((await page.locator(".card-step").count()) > 0 ? "the card step" : ""),
);
await page.keyboard.press("Escape");
await browser.close();
process.exitCode = failed;
