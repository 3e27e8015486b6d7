// What has to be there before the first screen is drawn is weighed: the script and the style sheet that the page itself names.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const SCRIPT_KB_MAX = 180;

export async function walkWeight({ built, say, found }) {
  const page = readFileSync(join(built, "index.html"), "utf8");
  const files = [...page.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, file]) => file);
  const scripts = files.filter((file) => file.endsWith(".js"));
  if (scripts.length === 0) found("the page names no script");
  const weigh = (names) =>
    names.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length, 0) / 1000;
  const [script, style] = [weigh(scripts), weigh(files.filter((file) => file.endsWith(".css")))];
  say(`first script ${script.toFixed(0)} kB, style sheet ${style.toFixed(0)} kB (gzip)`);
  if (script > SCRIPT_KB_MAX) found(`the first script weighs ${script.toFixed(0)} kB, more than ${SCRIPT_KB_MAX}`);
}
