// A counter for the laws of the Sell reducer only: it adds prices up and takes tenders, and knows nothing of tax, rights or disks. The
// same walks run over the real till through the test-only door; this one is here so that the laws are tested in seconds.

import type { Ask } from "../door/door.ts";
import { Refusal } from "../door/refusal.ts";
import type { Act, Cart, CartLine, Done, Fault, Request, TakenTender } from "../door/types.ts";
import { NO_CART } from "../sell/state.ts";

const PRICES: Record<string, number> = { "5901234123457": 199, "4006381333931": 1234, "96385074": 45, "7": 150_000 };

const refuse = (code: string, kind: Fault["kind"] = "refused"): never => {
  throw new Refusal({ code, kind, permission: null, values: {} });
};

export function standIn(): Ask {
  let cart: Cart = {
    ...NO_CART,
    tender_types: [
      { tender_type: "cash", class: "cash" },
      { tender_type: "card", class: "card" },
    ],
  };
  let next = 1;
  let nextTender = 1;
  let sales = 0;
  const undo: CartLine[][] = [];
  const parked = new Map<string, CartLine[]>();
  const seen = new Map<string, { cart: Cart; done: Done | null }>();

  function reckon(lines: CartLine[], tenders = cart.tenders): Cart {
    const total = lines.reduce((sum, line) => sum + line.net_minor, 0);
    const due = total - tenders.reduce((sum, tender) => sum + tender.amount_minor, 0);
    const quick = [500, 1000, 2000, 5000].map((note) => Math.ceil((due + 1) / note) * note);
    return {
      ...cart,
      sale: lines.length > 0 ? `sale-${sales}` : null,
      lines,
      tenders,
      total_minor: total,
      net_minor: total,
      due_minor: due,
      due_cash_minor: due,
      quick_minor: due > 0 ? [...new Set(quick)].slice(0, 3) : [],
      can_undo: undo.length > 0 && tenders.length === 0,
      parked: parked.size,
    };
  }

  function change(lines: CartLine[]) {
    if (cart.tenders.length > 0) refuse("payment_begun");
    undo.push(cart.lines);
    cart = reckon(lines);
  }

  const priced = (line: CartLine, quantity: number, price: number): CartLine => {
    const extended = Math.round((quantity * price) / 1000);
    return {
      ...line,
      quantity,
      unit_price: price * 10_000,
      extended_minor: extended,
      net_minor: extended,
      touched: true,
    };
  };

  function tender(act: Act & { do: "tender" }): Done | null {
    const due = cart.due_minor;
    const given = act.given_minor ?? due;
    if (cart.lines.length === 0) refuse("empty");
    if (due >= 0 ? given < 0 : given > 0) refuse("over_tender");
    if (act.tender_type !== "cash" && Math.abs(given) > Math.abs(due)) refuse("over_tender");
    const kept = due >= 0 ? Math.min(given, due) : Math.max(given, due);
    const taken: TakenTender = {
      tender: nextTender++,
      tender_type: act.tender_type,
      class: act.tender_type === "card" ? "card" : "cash",
      to_verify: act.card?.outcome_unknown ?? false,
      amount_minor: kept,
      given_minor: given,
      change_minor: given - kept,
    };
    cart = reckon(cart.lines, [...cart.tenders, taken]);
    if (cart.due_minor !== 0) return null;
    sales += 1;
    const { lines, total_minor } = cart;
    const done = {
      sale: `sale-${sales}`,
      number: `A-${sales}`,
      total_minor,
      received_minor: given,
      change_minor: given - kept,
      lines,
      local_time: "12:00",
    };
    undo.length = 0;
    cart = { ...reckon([], []), last: done };
    return done;
  }

  function act(what: Act): Done | null {
    const line = "line" in what ? cart.lines.find((other) => other.line === what.line) : undefined;
    const others = cart.lines.filter((other) => other !== line).map((other) => ({ ...other, touched: false }));
    switch (what.do) {
      case "add": {
        const price = PRICES[what.code] ?? refuse("unknown_code", "unknown_code");
        const fresh = {
          line: next++,
          sku: what.code,
          name: what.code,
          direction: "sale",
          reduction_minor: 0,
          counted: true,
        };
        change([...others, priced(fresh as CartLine, what.quantity, price)]);
        return null;
      }
      case "set_quantity":
      case "set_price": {
        if (!line) return refuse("no_such_line");
        const price = what.do === "set_price" ? what.unit_price / 10_000 : (line.unit_price ?? 0) / 10_000;
        change([...others, priced(line, what.do === "set_quantity" ? what.quantity : line.quantity, price)]);
        return null;
      }
      case "discount":
        return refuse("discount", "needs_approval");
      case "remove":
        if (!line) return refuse("no_such_line");
        change(others);
        return null;
      case "undo": {
        if (cart.tenders.length > 0) refuse("payment_begun");
        cart = reckon(undo.pop() ?? []);
        return null;
      }
      case "park":
        if (cart.tenders.length > 0 || cart.lines.length === 0) refuse("payment_begun");
        parked.set(`parked-${next}`, cart.lines);
        undo.length = 0;
        cart = reckon([]);
        return null;
      case "recall": {
        const lines = parked.get(what.parked) ?? refuse("not_open");
        parked.delete(what.parked);
        cart = reckon(lines);
        return null;
      }
      case "abandon":
        undo.length = 0;
        cart = reckon([], []);
        return null;
      case "tender":
        return tender(what);
      case "remove_tender": {
        const left = cart.tenders.filter((taken) => taken.tender !== what.tender);
        if (left.length === cart.tenders.length) refuse("no_such_tender");
        cart = reckon(cart.lines, left);
        return null;
      }
      default:
        return refuse("not_here");
    }
  }

  const answer = (request: Request) => {
    if (request.ask === "cart") return cart;
    if (request.ask !== "act") return refuse("not_here");
    const before = seen.get(request.command);
    if (before) return { ...before, needs: null };
    const done = act(request.act);
    seen.set(request.command, { cart, done });
    return { cart, done, needs: null };
  };
  return (async (request: Request) => answer(request)) as Ask;
}
