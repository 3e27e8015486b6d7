// The looking itself can fail to see: pages with one fault each are looked at, and each fault has to be found.

import { axeOn, ruler } from "./look.mjs";
import { SIZES } from "./window.mjs";

const button = (style, words = "Pay") => `<button style="inline-size:120px;block-size:48px;${style}">${words}</button>`;

/** What is wrong, the page, and how the finding begins. */
const FAULTS = [
  ["a button for nobody's finger", button("block-size:20px"), "too small"],
  ["two buttons in one place", button("") + button("position:absolute;left:40px;top:10px"), "overlap"],
  ["words beyond their button", button("white-space:nowrap;padding:0", "Discount on the whole sale"), "runs out"],
  [
    "words taller than their button",
    button("padding:0", "Discount on the whole sale of today and of every day that comes after it"),
    "is taller",
  ],
  [
    "words beyond the window",
    `<p style="white-space:nowrap">${"Keep selling ".repeat(200)}</p>`,
    "cut off by the window",
  ],
  ["a page beyond the window", '<div style="inline-size:3000px">Keep selling</div>', "wider than the window"],
  [
    "words cut off",
    '<p style="inline-size:60px;overflow:hidden;white-space:nowrap">Everything is sent</p>',
    "cut off: p",
  ],
  [
    "words in dots",
    `<h1 style="inline-size:60px;overflow:hidden;text-overflow:ellipsis">Unbreakable</h1>`,
    "shortened",
  ],
  ["an empty screen", "", "nothing is shown"],
  ["grey on grey", '<p style="color:#777;background:#888">Keep selling</p>', "color-contrast"],
  ["a field without a name", '<input style="block-size:48px">', "label"],
];

export async function walkRuler({ browser, say, found }) {
  const page = await browser.newPage({ viewport: SIZES.standard });
  const look = async (body) => {
    await page.setContent(`<html lang="en"><title>Till</title><body><main>${body}</main></body></html>`);
    return [...(await page.evaluate(ruler)).problems, ...(await axeOn(page, true))];
  };
  for (const [fault, body, beginning] of FAULTS) {
    const problems = await look(body);
    if (!problems.some((problem) => problem.startsWith(beginning)))
      found(`${fault} is not seen: ${problems.join("; ")}`);
  }
  const fine = await look(button(""));
  if (fine.length > 0) found(`a good page is blamed: ${fine.join("; ")}`);
  say(`${FAULTS.length} faults are seen`);
  await page.close();
}
