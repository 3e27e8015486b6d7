// Ten thousand random walks over Sell against the real core: `npm run walk:monkey` with the address of a test-only door in DAYBOOK_DOOR.
// Somebody has to be signed in there with a shift open; the walks share one till, one after another.

import { expect, test } from "vitest";
import type { Ask } from "../src/door/door.ts";
import { Refusal } from "../src/door/refusal.ts";
import type { Reply } from "../src/door/types.ts";
import { walkSell } from "../src/walks/walk.ts";

const base = process.env.DAYBOOK_DOOR;
const walks = Number(process.env.DAYBOOK_WALKS ?? "10000");
const STEPS = 40;

const overHttp = (async (request) => {
  const body = JSON.stringify(request);
  const response = await fetch(`${base}/door`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const reply = (await response.json()) as Reply<unknown>;
  if ("fault" in reply) throw new Refusal(reply.fault);
  return reply.ok;
}) as Ask;

test.runIf(base)(
  `${walks} walks over a real till break no law`,
  async () => {
    const { rows } = await overHttp({ ask: "products", department: null, offset: 0, limit: 20 });
    const codes = [...rows.map(({ sku }) => sku), "5901234123457"];
    let completed = 0;
    const seed = Date.now() % 1_000_000;
    for (let walk = 0; walk < walks; walk += 1) {
      const { broken, completed: sales } = await walkSell(overHttp, seed + walk, STEPS, codes);
      expect(broken).toEqual([]);
      completed += sales;
    }
    expect(completed).toBeGreaterThan(0);
  },
  3_600_000,
);
