// Walks every screen of a working day, from signing in to the closed shift, and looks at each.

import { lookerAt } from "./look.mjs";
import { barcodedGoods, emptyCart, openShift, openWindow, signIn } from "./window.mjs";

/** One day at one size. `tongue`: the catalogue of the window; `themes`: how each screen is looked at. */
export async function walkScreens({ browser, till, album, found, size, tongue, themes }) {
  const window = await openWindow(browser, till, { size, tongue });
  const { page, key, type, scan, say, button, shown, settled } = window;
  const look = lookerAt(window, { album, found, themes });

  await look("sign-in");
  await page.locator(".person:not(:disabled)").first().click();
  await look("sign-in-pin");
  await signIn(window);
  await look("open-shift");
  await button("open-count").click();
  await look("open-shift-count");
  await button("open-total").click();
  await openShift(window);

  const goods = await barcodedGoods(till);
  await look("sell-empty");
  for (const product of goods.slice(0, 9)) await scan(product.barcode);
  await scan(goods[1].barcode);
  await look("sell");
  await button("departments-unfold").click();
  await look("sell-departments");
  await button("departments-unfold").click();
  await key("F2");
  await type(goods[2].name.slice(0, 3));
  await look("search");
  await type("qqq");
  await look("search-nothing");
  await key("Escape");
  await unknownCode();
  await lineAndApproval();
  await key("Control+Delete");
  await look("void");
  await key("Escape");
  await key("Control+d");
  await look("cash-move");
  await key("Escape");
  await key("Escape");
  await drawer();
  await pay();
  await cardNobodyKnows();
  await parking();
  await overlays();
  await history();
  for (const [shortcut, name] of [
    ["Control+6", "report"],
    ["Control+7", "conflicts-none"],
    ["Control+8", "sync"],
    ["Control+9", "settings"],
  ]) {
    await key(shortcut);
    await look(name);
  }
  await close();
  await window.close();

  async function unknownCode() {
    await scan("5901234123457");
    await key("F12");
    await look("sell-unknown");
    await button("card-fix").first().click();
    await look("fix");
    await key("Escape");
    await key("Escape");
    await button("card-leave-out").first().click();
  }

  async function lineAndApproval() {
    await key("ArrowUp");
    await key("ArrowUp");
    await key("F6");
    await type("10");
    await button("reason-damaged").click();
    await look("line");
    await key("Escape");
    await key("F7");
    await type("1");
    await button("reason-price-match").click();
    await key("Enter");
    await shown(".approval");
    await look("approval");
    await page.locator(".approval .person:not(:disabled)").first().click();
    await look("approval-pin");
    await key("Escape");
    await key("Escape");
    await settled();
  }

  async function drawer() {
    await key("F10");
    await look("drawer-reasons");
    await button("drawer-reason-change").click();
    await look("drawer");
    await page.locator(".pane-keys .primary").click();
    await shown(".approval");
    await look("drawer-approval");
    await key("Escape");
    await key("Escape");
    await settled();
  }

  /** A payment is taken back, then a card terminal says nothing that anybody could read. */
  async function cardNobodyKnows() {
    for (const product of goods.slice(3, 8)) await scan(product.barcode);
    await key("F12");
    for (const amount of ["1", "0.5"]) {
      await type(amount);
      await key("Enter");
      await settled();
    }
    await look("tender-two-payments");
    await key("ArrowUp");
    await key("Delete");
    await look("remove-payment");
    await button("remove-not-taken").click();
    await settled();
    await key("F6");
    await button("card-not-known").click();
    await look("card-unknown");
    await button("card-later").click();
    await shown(".change");
    await look("change-to-verify");
    await key("Enter");
  }

  async function pay() {
    await key("F12");
    await look("tender");
    await type("5");
    await look("tender-typed");
    await type("999");
    await settled();
    await key("Enter");
    await look("guard");
    await key("Escape");
    await key("F6");
    await look("card");
    await key("Escape");
    await key("Escape");
    await key("F12");
    await type("5");
    await key("Enter");
    await look("tender-part-paid");
    await key("Enter");
    await shown(".change");
    await look("change-none");
    await key("Enter");
    await scan(goods[0].barcode);
    await key("F12");
    await key("ArrowRight");
    await key("Enter");
    await shown(".change");
    await look("change");
    await key("Enter");
    await look("sell-after");
  }

  async function parking() {
    await scan(goods[3].barcode);
    await key("F4");
    await settled();
    await scan(goods[4].barcode);
    await scan(goods[5].barcode);
    await key("F4");
    await settled();
    await key("F4");
    await look("parked");
    await page.locator(".parked-sale").first().click();
    await settled();
  }

  async function overlays() {
    await key("Control+k");
    await look("palette");
    await type(goods[2].name.slice(0, 3));
    await look("palette-found");
    await key("Escape");
    await key("Escape");
    await key("F1");
    await look("help");
    await key("Escape");
    await button("menu").click();
    await look("menu");
    await key("Escape");
  }

  async function history() {
    await key("Control+2");
    await look("history");
    await page.locator(".history-row").first().click();
    await look("document-to-verify");
    await page.locator(".history-row").nth(2).click();
    await look("document");
    await button("document-receipt").click();
    await look("receipt");
    await button("document-timeline").click();
    await look("timeline");
    await page
      .locator(".document-foot")
      .getByRole("button", { name: say("action-return") })
      .click();
    await button("return-all").click();
    await look("return");
    await page.locator(".document-foot .danger").click();
    await look("sell-return");
    await key("F12");
    await look("tender-return");
    await key("Escape");
    await emptyCart(window);
    await key("Control+2");
    await page.locator(".filter").fill("zzzz nothing");
    await look("history-nothing");
  }

  async function close() {
    await button("menu").click();
    await page
      .locator(".menu-entry")
      .filter({ hasText: say("action-close") })
      .click();
    await look("close");
    await button("check-count").click();
    await page.locator("main input").first().fill("1");
    await look("close-count");
    await button("count-done").click();
    await look("close-confirm");
    await button("confirm-close").click();
    await shown(".figures");
    await look("closed");
  }
}
