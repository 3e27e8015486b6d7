// Contact sheets: all pictures of one format and theme side by side, so that one look shows all. Chromium itself lays them out.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const COLUMNS = 5;
const ROWS = 4;
const WIDTH = 480;

/** Writes the sheets beside the pictures; gives how many. */
export async function makeSheets(browser, pictures, folder) {
  const groups = new Map();
  for (const picture of pictures) {
    const group = `${picture.format}-${picture.theme}`;
    groups.set(group, [...(groups.get(group) ?? []), picture]);
  }
  const page = await browser.newPage({ viewport: { width: COLUMNS * (WIDTH + 16) + 16, height: 400 } });
  let sheets = 0;
  for (const [group, all] of groups) {
    for (let first = 0; first < all.length; first += COLUMNS * ROWS) {
      const file = join(folder, "sheet.html");
      writeFileSync(file, sheet(group, all.slice(first, first + COLUMNS * ROWS)));
      await page.goto(pathToFileURL(file).href);
      const name = `sheet-${group}-${first / (COLUMNS * ROWS) + 1}.png`;
      await page.screenshot({ path: join(folder, name), fullPage: true });
      sheets += 1;
    }
  }
  await page.close();
  return sheets;
}

function sheet(title, pictures) {
  const figures = pictures.map(
    ({ file, name }) => `<figure><img src="${file}"><figcaption>${name}</figcaption></figure>`,
  );
  return `<!doctype html><meta charset="utf-8"><title>${title}</title><style>
body { margin: 16px; background: #888; font: 16px system-ui; display: grid; gap: 16px;
  grid-template-columns: repeat(${COLUMNS}, ${WIDTH}px); }
figure { margin: 0; } img { display: block; width: 100%; } figcaption { padding: 4px; color: #000; }
</style>${figures.join("")}`;
}
