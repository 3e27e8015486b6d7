// Counts what the daily tasks cost: keys and taps, each scripted as a person would do them, against the goals. Every task starts from
// an empty cart and ends with the cart ready for the next customer.

import { barcodedGoods, openShift, openWindow, signIn } from "./window.mjs";

export async function walkEffort({ browser, till, say: tell, found }) {
  const window = await openWindow(browser, till);
  const { page, scan, button, say, shown, settled } = window;
  await signIn(window);
  await openShift(window);
  const codes = (await barcodedGoods(till)).map(({ barcode }) => barcode);
  const three = async () => {
    for (const code of codes.slice(0, 3)) await scan(code);
  };
  const cart = page.locator(".lines");
  let spent = 0;

  async function key(name) {
    spent += 1;
    await window.key(name);
    await settled();
  }

  async function tap(locator) {
    spent += 1;
    await locator.click();
    await settled();
  }

  async function task(name, goal, run) {
    spent = 0;
    await run();
    tell(`${name}: ${spent} of ${goal}`);
    if (spent > goal) found(`${name} takes ${spent}, not ${goal}`);
  }

  await task("three scans and exact cash, with keys", 2, async () => {
    await three();
    await key("+");
    await shown(".tender");
    await key("Enter");
    await shown(".change");
  });
  await task("three scans and exact cash, with taps; the next scan closes the change", 2, async () => {
    await three();
    await tap(page.locator(".pay"));
    await tap(page.locator(".take"));
    await shown(".change");
  });
  await task("the first quick amount", 3, async () => {
    await three();
    await key("+");
    await shown(".tender");
    await key("ArrowRight");
    await key("Enter");
    await shown(".change");
  });
  await window.key("Enter");
  await settled();
  await task("three of one item", 2, async () => {
    await key("3");
    await key("*");
    await scan(codes[4]);
    await cart.getByText("3×").waitFor();
  });
  await task("ten percent off one line with its reason", 6, async () => {
    await key("F6");
    await key("1");
    await key("0");
    await tap(button("reason-damaged"));
    await key("Enter");
    // Where a cashier may not, another person approves: that is theirs to do and not counted here.
    if ((await page.locator(".approval").count()) > 0) await page.keyboard.press("Escape");
    else await cart.getByText(say("line-off")).waitFor();
  });
  await task("park", 1, async () => {
    await key("F4");
    await cart.getByText(say("cart-empty")).waitFor();
  });
  await task("recall", 2, async () => {
    await key("F4");
    await key("Enter");
    await shown(".line");
  });
  await task("pay by card on a separate terminal", 3, async () => {
    await key("+");
    await shown(".tender");
    await key("F6");
    await key("Enter");
    await shown(".change");
  });
  await window.close();
}
