// Walks the states that a good day does not show: a new till, nothing there yet, head office away, paper that does not come out, tills
// that disagree, a till that head office does not know, a disk that takes nothing any more. Each is brought about, none is painted.

import { lookerAt } from "./look.mjs";
import { ask } from "./till.mjs";
import { barcodedGoods, openShift, openWindow, signIn } from "./window.mjs";

/** The first run, and a till that has nothing yet. */
export async function walkBeginning({ browser, till, album, found, size, tongue, themes }) {
  const window = await openWindow(browser, till, { size, tongue });
  const { page, key, button, shown, settled } = window;
  const look = lookerAt(window, { album, found, themes });
  await look("new");
  await page.locator(".way").first().click();
  await look("new-join");
  const fields = page.locator(".form input");
  await fields.nth(0).fill(till.office);
  await fields.nth(1).fill("AAAA-AAAA-AA".slice(0, 12));
  await fields.nth(2).fill("Till 1");
  await button("join-do").click();
  await shown(".refused:not(:empty)");
  await look("new-join-refused");
  await button("pane-back").click();
  await page.locator(".way").last().click();
  await look("new-alone");
  await page.locator(".form input").nth(0).fill("Bottega");
  await page.locator(".form input").nth(2).fill("Ada");
  const pins = page.locator(".form input[inputmode=numeric]");
  await pins.nth(0).fill("4711");
  await pins.nth(1).fill("4712");
  await look("new-alone-typed");
  await pins.nth(1).fill("4711");
  await button("alone-do").click();
  await shown(".sign-in, .float-field");
  till.pin = "4711";
  await signIn(window);
  await openShift(window);
  await look("sell-no-products");
  await key("F4");
  await look("parked-none");
  await key("Escape");
  for (const [shortcut, name] of [
    ["Control+2", "history-none"],
    ["Control+6", "report-none"],
    ["Control+8", "sync-alone"],
  ]) {
    await key(shortcut);
    await look(name);
  }
  await settled();
  await window.close();
}

/** What goes wrong around a till that sells. */
export async function walkTroubles({ browser, till, album, found, size, tongue, themes }) {
  const window = await openWindow(browser, till, { size, tongue });
  const { page, key, type, scan, button, shown, settled } = window;
  const look = lookerAt(window, { album, found, themes });
  const goods = await barcodedGoods(till);
  const sell = async (product) => {
    await key("Control+1");
    await scan(product.barcode);
    await key("+");
    await shown(".tender");
    await key("Enter");
    await shown(".change");
  };

  await settled();
  await page.locator(".person:not(:disabled)").first().click();
  await type(till.pin === "9999" ? "8888" : "9999");
  await key("Enter");
  await shown(".refused:not(:empty)");
  await look("sign-in-wrong");
  await signIn(window);
  await openShift(window);

  await till.happen("head-office-stops");
  await sell(goods[0]);
  await shown(".pill.offline");
  await look("change-offline");
  await key("Enter");
  await look("sell-offline");
  await key("Control+8");
  await look("sync-offline");
  await key("Control+2");
  await look("history-offline");
  await key("Control+6");
  await look("report-offline");
  await till.happen("head-office-starts");
  await key("Control+8");
  await button("sync-try").click();
  await shown(".sync-lead.in_step");
  await shown(".pill.good");

  // Nobody listens on this port of the machine itself.
  const { code_pages } = await ask(till.base, { ask: "settings" });
  const printer = { address: "127.0.0.1:9", code_page: code_pages[0], columns: 42, cuts: true, drawer: true };
  await ask(till.base, { ask: "set_printer", printer });
  await sell(goods[1]);
  await shown(".pill.offline");
  await look("change-unprinted");
  await key("Enter");
  await key("Control+9");
  await look("settings-unprinted");
  await ask(till.base, { ask: "set_printer", printer: null });

  await till.happen("last-piece-sold-twice");
  await shown(".pill.attention");
  await key("Control+1");
  await look("sell-conflict");
  await key("Control+7");
  await shown(".conflict");
  await look("conflicts");

  till.failWrites();
  await key("Control+1");
  await scan(goods[3].barcode);
  await shown(".danger-screen");
  await look("stopped");

  await page.route("**/door", (route) => route.abort());
  await page.reload();
  await shown(".full");
  await look("silent");
  // What the window's own process says where another one has the till.
  const fault = { code: "already-running", kind: "stopped", permission: null, values: {} };
  await page.unroute("**/door");
  await page.route("**/door", (route) => route.fulfill({ json: { fault } }));
  await page.reload();
  await shown(".danger-screen");
  await look("already-running");
  await window.close();
}

/** A till whose earlier sales head office cannot take. */
export async function walkRefused({ browser, till, album, found, size, tongue, themes }) {
  const window = await openWindow(browser, till, { size, tongue });
  const { key, shown } = window;
  const look = lookerAt(window, { album, found, themes });
  await signIn(window);
  await openShift(window);
  await shown(".pill.attention");
  await look("sell-refused");
  await key("Control+8");
  await shown(".sync-lead.refused");
  await look("sync-refused");
  await window.close();
}

/** A till whose access head office ends while somebody sells. */
export async function walkRevoked({ browser, till, album, found, size, tongue, themes }) {
  const window = await openWindow(browser, till, { size, tongue });
  const { key, shown } = window;
  const look = lookerAt(window, { album, found, themes });
  await signIn(window);
  await openShift(window);
  await till.happen("till-revoked");
  await ask(till.base, { ask: "sync_now" });
  await shown(".pill.attention");
  await look("sell-held");
  await key("Control+8");
  await shown(".sync-lead.held");
  await look("sync-held");
  await window.close();
}
