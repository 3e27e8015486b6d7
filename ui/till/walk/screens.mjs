// Walks every screen in light and dark and three sizes: looks with axe, measures targets and nodes, and takes pictures. Give the address
// of a till's test-only door in DAYBOOK_DOOR; the walk signs in, sells, takes back, and closes the shift.

import { mkdirSync } from "node:fs";
import { ask, axe, launch, measure, open, openShift, SIZES, scan, settled, shopOf, signIn } from "./shop.mjs";

const MOST_NODES = 600;
const shop = shopOf(process.env);
const problems = [];
const nodes = [];

mkdirSync(shop.pictures, { recursive: true });
const browser = await launch();
for (const size of SIZES) {
  for (const theme of ["light", "dark"]) {
    await ask(shop.base, { ask: "lock" });
    await walk(size, theme);
  }
}
await browser.close();

console.log(`nodes on Sell: ${nodes.join(", ")}`);
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? "nothing found" : `${problems.length} found`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function walk(size, theme) {
  const page = await open(browser, shop.base, size, theme);
  const key = (name) => page.keyboard.press(name);
  const button = (name) => page.getByRole("button", { name });

  async function look(name) {
    await settled(page);
    const where = `${size.name} ${theme} ${name}`;
    await page.screenshot({ path: `${shop.pictures}/${size.name}-${theme}-${name}.png` });
    for (const found of await axe(page)) problems.push(`${where}: ${found}`);
    if (/^\s*$/.test(await page.locator("main").first().textContent())) problems.push(`${where}: nothing is shown`);
    const { nodes: count, small, wide } = await measure(page);
    for (const target of small) problems.push(`${where}: too small: ${target}`);
    if (wide) problems.push(`${where}: wider than the window`);
    if (name.startsWith("sell")) {
      nodes.push(count);
      if (count > MOST_NODES) problems.push(`${where}: ${count} nodes`);
    }
  }

  await look("sign-in");
  await signIn(page, shop.pin);
  await settled(page);
  if ((await page.locator(".float-field").count()) > 0) {
    await look("open-shift");
    await button("Count notes and coins").click();
    await look("open-shift-count");
    await button("One amount").click();
    await openShift(page);
  }
  const { rows } = await ask(shop.base, { ask: "products", department: null, offset: 0, limit: 40 });
  const priced = rows.filter(({ price }) => price !== null && price > 0);
  await emptied();
  await look("sell-empty");
  for (const product of priced.slice(0, 9)) await scan(page, product.sku);
  await scan(page, priced[1].sku);
  await look("sell");
  await key("F2");
  await page.keyboard.type(priced[2].name.slice(0, 3), { delay: 90 });
  await look("search");
  await key("Escape");

  await scan(page, "5901234123457");
  await key("F12");
  await look("unknown");
  await button(/^Fix$/).first().click();
  await look("fix");
  await key("Escape");
  await key("Escape");
  await button("Leave it out").first().click();

  await key("ArrowUp");
  await key("ArrowUp");
  await key("F6");
  await page.keyboard.type("10", { delay: 90 });
  await button("Damaged").click();
  await look("line");
  await key("Escape");
  await key("F7");
  await page.keyboard.type("1", { delay: 90 });
  await page.getByRole("button", { name: "Price match" }).click();
  await key("Enter");
  await settled(page);
  if ((await page.locator(".approval").count()) > 0) {
    await look("approval");
    await key("Escape");
    await key("Escape");
  }
  await key("Control+Delete");
  await look("void");
  await key("Escape");
  await key("Control+d");
  await look("cash-move");
  await key("Escape");
  await key("Escape");
  await key("F10");
  await button("Change money").click();
  await look("drawer");
  await page.locator(".pane-keys .primary").click();
  await settled(page);
  await look("drawer-asked");
  await key("Escape");
  await key("Escape");

  await key("F12");
  await look("tender");
  await page.keyboard.type("9999", { delay: 90 });
  await settled(page);
  await key("Enter");
  await look("guard");
  await key("Escape");
  await key("F6");
  await look("card");
  await key("Escape");
  await key("Escape");
  await key("F12");
  await key("ArrowRight");
  await key("Enter");
  await page.locator(".change").waitFor();
  await look("change");
  await key("Enter");
  await look("sell-after");

  await scan(page, priced[4].sku);
  await key("F12");
  await page.keyboard.type("0.10", { delay: 90 });
  await key("Enter");
  await settled(page);
  await look("tender-part");
  await key("Delete");
  await look("remove-payment");
  await button("It was never taken").click();
  await settled(page);
  await key("F6");
  await button("I can't tell").click();
  await look("card-unknown");
  await button("Decide later").click();
  await page.locator(".change").waitFor();
  await key("Enter");

  await scan(page, priced[3].sku);
  await key("F4");
  await settled(page);
  await key("F4");
  await look("parked");
  await page.locator(".parked-sale").first().click();
  await settled(page);

  await key("Control+k");
  await look("palette");
  await key("Escape");
  await key("F1");
  await look("help");
  await key("Escape");
  await page.getByRole("button", { name: "Menu" }).click();
  await look("menu");
  await key("Escape");

  await key("Control+2");
  await look("history");
  await page.locator(".history-row").first().click();
  await look("document");
  await button("Receipt").click();
  await look("receipt");
  await button("What happened").click();
  await look("timeline");
  await page.locator(".document-foot").getByRole("button", { name: "Return" }).click();
  await button("All items").click();
  await look("return");
  await button(/^Take back/).click();
  await look("sell-return");
  await key("F12");
  await look("tender-return");
  await key("Escape");
  await emptied();
  await key("Control+2");
  await page.locator(".filter").fill("zzzz nothing");
  await look("history-nothing");
  for (const [shortcut, name] of [
    ["Control+6", "report"],
    ["Control+7", "conflicts"],
    ["Control+8", "sync"],
    ["Control+9", "settings"],
  ]) {
    await key(shortcut);
    await look(name);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("button", { name: "Close shift" }).click();
  await look("close");
  await button("Count the drawer").click();
  await page.locator("main input").first().fill("1");
  await look("close-count");
  await button("Counted all").click();
  await look("close-confirm");
  await button("Close the shift").click();
  await look("closed");
  await page.close();

  async function emptied() {
    const { lines } = await ask(shop.base, { ask: "cart" });
    if (lines.length === 0) return;
    const act = { do: "abandon", reason: "training" };
    await ask(shop.base, { ask: "act", command: crypto.randomUUID(), act, approval: null });
    await page.reload();
    await page.locator(".sell").waitFor();
  }
}
