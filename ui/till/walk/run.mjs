// Runs the walks over the till's window and ends with 1 where one of them found something: `npm run walk`, or some of them by name,
// `npm run walk -- troubles monkey --walks 10000 --seed 7`. Each walk has a till of its own; as many run side by side as there are cores.

import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildIn } from "./build.mjs";
import { walkEffort } from "./effort.mjs";
import { albumIn } from "./look.mjs";
import { walkMonkey } from "./monkey.mjs";
import { walkRuler } from "./ruler.mjs";
import { walkScanner } from "./scanner.mjs";
import { walkScreens } from "./screens.mjs";
import { makeSheets } from "./sheets.mjs";
import { walkBeginning, walkRefused, walkRevoked, walkTroubles } from "./states.mjs";
import { startTill, TARGET } from "./till.mjs";
import { walkWeight } from "./weight.mjs";
import { launch } from "./window.mjs";

const PICTURES = join(TARGET, "pictures");
const BUILT = join(import.meta.dirname, "../dist");
/** Seeds that are walked every time, and how many fresh ones beside them. */
const SEEDS_KEPT = 200;
const SEEDS_FRESH = 100;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { walks: { type: "string" }, seed: { type: "string" } },
});

const both = ["light", "dark"];
const all = ["light", "dark", "high", "high-dark", "forced"];
/** The longest first, so that no core waits at the end. `till`: how its till is started. */
const WALKS = {
  "screens-standard": { walk: walkScreens, with: { size: "standard", themes: all } },
  "screens-compact": { walk: walkScreens, with: { size: "compact", themes: both } },
  "screens-wide": { walk: walkScreens, with: { size: "wide", themes: both } },
  "screens-longer": { walk: walkScreens, with: { size: "compact", themes: ["light"], tongue: "longer" } },
  "screens-mirrored": {
    walk: walkScreens,
    with: { size: "standard", themes: ["light"], tongue: "mirrored" },
    till: { locale: "he-IL" },
  },
  monkey: { walk: walkMonkey, with: { seeds: seeds() }, till: { hasty: true } },
  troubles: { walk: walkTroubles, with: { size: "standard", themes: all } },
  "troubles-longer": { walk: walkTroubles, with: { size: "compact", themes: ["light"], tongue: "longer" } },
  refused: { walk: walkRefused, with: { size: "standard", themes: both }, till: { beginning: "key-lost" } },
  revoked: { walk: walkRevoked, with: { size: "standard", themes: both } },
  "revoked-compact": { walk: walkRevoked, with: { size: "compact", themes: both } },
  beginning: { walk: walkBeginning, with: { size: "standard", themes: both }, till: { beginning: "new" } },
  scanner: { walk: walkScanner },
  effort: { walk: walkEffort },
  ruler: { walk: walkRuler, till: null },
  weight: { walk: walkWeight, till: null },
};

for (const name of wanted) {
  if (!(name in WALKS)) throw new Error(`there is no walk ${name}; there are ${Object.keys(WALKS).join(", ")}`);
}
rmSync(PICTURES, { recursive: true, force: true });
mkdirSync(PICTURES, { recursive: true });
const album = albumIn(PICTURES);
const browser = await launch();
const built = await tongues();
const queue = Object.keys(WALKS).filter((name) => wanted.length === 0 || wanted.includes(name));
let broken = 0;
await Promise.all(Array.from({ length: availableParallelism() }, work));
const sheets = await makeSheets(browser, album.pictures, PICTURES);
await browser.close();
if (sheets > 0) console.log(`${album.pictures.length} pictures on ${sheets} sheets, in ${PICTURES}`);
if (album.mostNodes("sell") > 0) console.log(`at most ${album.mostNodes("sell")} nodes on Sell`);
console.log(broken === 0 ? "-- the walks found nothing" : `-- the walks found ${broken}`);
process.exitCode = broken === 0 ? 0 : 1;

async function work() {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await run(name);
}

/** One walk with its own till. What it says comes out together, whatever runs beside it. */
async function run(name) {
  const { walk, with: how = {}, till: start = {} } = WALKS[name];
  const began = performance.now();
  const [said, findings] = [[], []];
  const tongue = how.tongue ?? "english";
  const found = (finding) => void findings.push(finding);
  let till = null;
  try {
    if (start !== null) till = await startTill({ ...start, built: built[tongue] });
    await walk({
      browser,
      till,
      album,
      built: built[tongue],
      tongue,
      ...how,
      say: (line) => void said.push(line),
      found,
    });
  } catch (problem) {
    findings.push(`did not come to its end: ${problem.stack ?? problem}`);
  } finally {
    await till?.stop();
  }
  broken += findings.length;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const lines = [...said, ...findings.map((finding) => `FOUND ${finding}`)].map((line) => `\n   ${line}`);
  console.log(`${findings.length === 0 ? "ok   " : "FOUND"} ${name}, ${seconds} s${lines.join("")}`);
}

/** The window in every tongue that a walk wants. */
async function tongues() {
  const made = { english: BUILT };
  for (const name of wanted.length > 0 ? wanted : Object.keys(WALKS)) {
    const { tongue } = WALKS[name].with ?? {};
    if (tongue) made[tongue] ??= await buildIn(tongue, join(TARGET, `window-${tongue}`));
  }
  return made;
}

/** What the random walks are begun with; the fresh ones are printed, so that they can be walked again. */
function seeds() {
  const from = (first, count) => Array.from({ length: count }, (_, index) => first + index);
  const fresh = Math.floor(Math.random() * 1_000_000);
  if (options.seed !== undefined) return from(Number(options.seed), Number(options.walks ?? 1));
  if (options.walks !== undefined) return from(fresh, Number(options.walks));
  return [...from(0, SEEDS_KEPT), ...from(fresh, SEEDS_FRESH)];
}
