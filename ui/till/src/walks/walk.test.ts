// Ten thousand random steps many times over: no path completes a sale without a pay key, no scan is lost or lands in an amount.

import fc from "fast-check";
import { expect, test } from "vitest";
import { standIn } from "./stand-in.ts";
import { walkSell } from "./walk.ts";

const CODES = ["5901234123457", "4006381333931", "96385074", "7", "0000000000000"];

test("random walks over Sell break no law", async () => {
  let completed = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1_000_000 }), async (seed) => {
      const walk = await walkSell(standIn(), seed, 250, CODES);
      completed += walk.completed;
      expect(walk.broken).toEqual([]);
    }),
    { numRuns: 1000 },
  );
  // A walk that never pays would keep every law.
  expect(completed).toBeGreaterThan(200);
}, 60_000);
