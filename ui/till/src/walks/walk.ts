// Walks over Sell at random: keys, taps, scans and late answers in any order, against any door. What must never happen is checked after
// every step, so the same walk serves the reducer's laws here and the real core behind the test-only door.

import type { Ask } from "../door/door.ts";
import { faultOf } from "../door/refusal.ts";
import { reduce } from "../sell/reducer.ts";
import { AT_REST, type Effect, type Input, type Sell } from "../sell/state.ts";

/** The inputs that a person means as paying. A scan, a tile or the terminator of a scanner is none of them. */
const PAY_KEYS = new Set<Input["is"]>([
  "enter",
  "exact",
  "quick_amount",
  "take",
  "really",
  "card_approved",
  "card_later",
  "take_other",
]);

export type Walk = { steps: number; completed: number; refused: number; broken: string[] };

type Choose = <T>(from: readonly T[]) => T;

export async function walkSell(ask: Ask, seed: number, steps: number, codes: readonly string[]): Promise<Walk> {
  const random = seeded(seed);
  const choose: Choose = (from) => from[Math.floor(random() * from.length)] as (typeof from)[number];
  const walk: Walk = { steps, completed: 0, refused: 0, broken: [] };
  const commands = new Map<number, string>();
  const meant = new Map<number, Input["is"]>();
  let open: Extract<Effect, { do: "act" }>[] = [];
  let sell: Sell = reduce(AT_REST, { is: "shop", exponent: 2, largestNote: 50_000 }).sell;
  sell = reduce(sell, { is: "cart", cart: await ask({ ask: "cart" }) }).sell;

  let typedBefore = "";
  const amountOf = ({ pane }: Sell) => (pane.is === "tender" ? pane.entry : "");

  const law = (holds: boolean, broken: string) => {
    if (!holds) walk.broken.push(`seed ${seed}: ${broken}`);
  };

  function feed(input: Input) {
    const before = sell;
    const step = reduce(sell, input);
    sell = step.sell;
    for (const effect of step.effects) {
      if (effect.do !== "act") continue;
      open.push(effect);
      law(effect.act.do !== "tender" || before.unanswered.length === 0, "a tender left with an unanswered scan");
    }
    for (const { ticket } of sell.waiting) if (!meant.has(ticket)) meant.set(ticket, before.keyed ? "enter" : input.is);
    if (input.is === "burst") typedBefore = amountOf(before);
    if (input.is === "scan") law(["", typedBefore].includes(amountOf(sell)), "a scan left digits in an amount");
    law(sell.waiting.filter(({ act }) => act.do === "tender").length <= 1, "two tenders at once");
  }

  async function deliver() {
    const [effect, ...later] = open;
    if (!effect) return;
    open = later;
    const command = commands.get(effect.ticket) ?? crypto.randomUUID();
    commands.set(effect.ticket, command);
    try {
      const { cart, done } = await ask({ ask: "act", command, act: effect.act, approval: effect.approval });
      if (random() < 0.02) {
        feed({ is: "faulted", ticket: effect.ticket, fault: faultOf(new Error("lost on the way")) });
        return;
      }
      const sum =
        cart.lines.reduce((total, line) => total + line.net_minor, 0) + (cart.prices_include_tax ? 0 : cart.tax_minor);
      law(cart.total_minor === sum, `the total ${cart.total_minor} is not the sum of the lines ${sum}`);
      if (done) {
        walk.completed += 1;
        law(done.change_minor >= 0 || done.total_minor < 0, "negative change");
        law(PAY_KEYS.has(meant.get(effect.ticket) ?? "scan"), `completed by ${meant.get(effect.ticket)}`);
      }
      feed({ is: "answered", ticket: effect.ticket, cart, done });
    } catch (problem) {
      walk.refused += 1;
      feed({ is: "faulted", ticket: effect.ticket, fault: faultOf(problem) });
    }
  }

  for (let step = 0; step < steps; step += 1) {
    if (open.length > 0 && random() < 0.6) await deliver();
    else if (sell.stuck) feed({ is: "again" });
    else for (const input of inputs(sell, choose, random, codes)) feed(input);
  }
  while (open.length > 0 || sell.stuck) {
    if (sell.stuck) feed({ is: "again" });
    await deliver();
  }
  law(sell.waiting.length === 0, "acts were left waiting");
  return walk;
}

/** What a person, or a scanner, does next. A scan is the whole burst: first keys reach the screen and are taken back. */
function inputs(sell: Sell, choose: Choose, random: () => number, codes: readonly string[]): Input[] {
  const line = sell.cart.lines.length > 0 ? choose(sell.cart.lines).line : 0;
  const card = sell.unanswered[0]?.card ?? 0;
  const code = choose(codes);
  const scan: Input[] = [
    { is: "burst" },
    { is: "character", character: code.charAt(0) },
    { is: "burst_read" },
    { is: "scan", code },
  ];
  const unanswered: Input[][] = [[{ is: "leave_out", card }], [{ is: "keep_for_next", card }]];
  if (sell.unanswered.length > 0 && random() < 0.2) return choose(unanswered);
  return choose<Input[]>([
    scan,
    scan,
    [{ is: "pick", product: { sku: code } }],
    [{ is: "character", character: choose([..."0123456789.,*%"]) }],
    [{ is: "erase" }],
    [{ is: "enter" }],
    [{ is: "escape" }],
    [{ is: "move", to: choose(["up", "down", "first", "last"]) }],
    [{ is: "choose", line }],
    [{ is: "edit", line, mode: choose(["quantity", "percent", "amount", "price"]) }],
    [{ is: "reason", reason: "damaged" }, { is: "apply" }],
    [{ is: "one_less" }],
    [{ is: "remove" }],
    [{ is: "undo" }],
    [{ is: "park" }],
    [{ is: "ask_void" }, { is: "void" }],
    [{ is: "pay" }],
    [{ is: "pay" }],
    [{ is: "quick", step: choose([1, -1]) }],
    [{ is: "quick_amount", index: choose([0, 1, 2]) }],
    [{ is: "split", ways: choose([2, 3, 4]) }],
    [{ is: "exact" }],
    [{ is: "begin_card", tender_type: "card" }],
    [{ is: "card_approved" }],
    [{ is: "card_declined" }],
    [{ is: "card_unknown" }],
    [{ is: "card_later" }],
    [{ is: "ask_remove_tender" }],
    [{ is: "remove_tender", fate: choose(["handed_back", "reversed", "not_taken"]) }],
    [{ is: "show_drawer" }, { is: "drawer_reason", reason: "change" }, { is: "open_drawer" }],
    [{ is: "fix_amount" }],
    [{ is: "really" }],
    [{ is: "next_sale" }],
    [{ is: "approve", approval: { staff: "nobody", pin: "0000" } }],
    [{ is: "give_up" }],
    [{ is: "dismiss" }],
  ]);
}

/** The same walk for the same seed, anywhere. */
function seeded(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
