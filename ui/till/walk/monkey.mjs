// Random walks over Sell against the real core: keys, taps, scans and late answers in any order. The machine that decides is the window's
// own; what it asks goes to a real till. No path completes a sale without the pay key, change is never negative, the total is the sum.

import { Agent, request } from "node:http";
import { join } from "node:path";
import { createServer } from "vite";
import { ask } from "./till.mjs";

const STEPS = 40;

/** Walks with each of the seeds; `found` gets what was broken, with its seed. */
export async function walkMonkey({ till, seeds, say, found }) {
  const { walkSell, Refusal, stop } = await ownMachine();
  try {
    await beginShift(till);
    const { rows } = await ask(till.base, { ask: "products", department: null, offset: 0, limit: 20 });
    // Goods, and a code that nothing has.
    const codes = [...rows.map(({ sku }) => sku), "5901234123457"];
    const door = overOneConnection(till.base, Refusal);
    const began = performance.now();
    let [walks, completed, refused] = [0, 0, 0];
    for (const seed of seeds) {
      const walk = await walkSell(door.ask, seed, STEPS, codes);
      for (const law of walk.broken) found(law);
      walks += 1;
      completed += walk.completed;
      refused += walk.refused;
      if (walks % 1000 === 0) say(`${walks} walks so far`);
    }
    door.close();
    say(`seeds ${ranges(seeds)}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    say(
      `${walks} walks of ${STEPS} steps in ${seconds} s: ${door.asked()} questions, ${completed} sales, ${refused} refusals`,
    );
    if (completed < walks / 100) found(`only ${completed} sales in ${walks} walks: such walks prove nothing`);
  } finally {
    await stop();
  }
}

/** Seeds as the first and the last of each row, so that they can be given again. */
function ranges(seeds) {
  const rows = [];
  for (const seed of seeds) {
    const row = rows.at(-1);
    if (row && seed === row[1] + 1) row[1] = seed;
    else rows.push([seed, seed]);
  }
  return rows.map(([first, last]) => `${first} to ${last}`).join(", ");
}

/** The window's own Sell machine and the walk over it, from their TypeScript. */
async function ownMachine() {
  const server = await createServer({
    root: join(import.meta.dirname, ".."),
    configFile: false,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  const { walkSell } = await server.ssrLoadModule("/src/walks/walk.ts");
  const { Refusal } = await server.ssrLoadModule("/src/door/refusal.ts");
  return { walkSell, Refusal, stop: () => server.close() };
}

async function beginShift(till) {
  const people = await ask(till.base, { ask: "people" });
  await ask(till.base, { ask: "sign_in", staff: people[0].staff, pin: till.pin });
  const act = { do: "open_shift", float_minor: 15_000 };
  await ask(till.base, { ask: "act", command: crypto.randomUUID(), act, approval: null });
}

/** The door over one connection that is kept: a new one for each question would cost more than the question. */
function overOneConnection(base, Refusal) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let asked = 0;
  return {
    asked: () => asked,
    close: () => agent.destroy(),
    ask: (question) =>
      new Promise((resolve, reject) => {
        asked += 1;
        const headers = { "content-type": "application/json" };
        const sent = request(`${base}/door`, { method: "POST", agent, headers }, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (part) => {
            text += part;
          });
          response.on("end", () => {
            const reply = JSON.parse(text);
            if ("fault" in reply) reject(new Refusal(reply.fault));
            else resolve(reply.ok);
          });
        });
        sent.on("error", reject);
        sent.end(JSON.stringify(question));
      }),
  };
}
