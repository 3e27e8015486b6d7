// Choosing a line and changing it: quantity, discount, price. The mode is always named and never guessed from what was typed, and
// whatever takes money off needs its reason.

import { unitsOf } from "../money/entry.ts";
import { submit } from "./acts.ts";
import { type Step, still } from "./reducer.ts";
import { chosenLine, type Input, type LineMode, markedLine, paymentBegun, type Sell } from "./state.ts";

type LineInput = Extract<
  Input,
  { is: "move" | "choose" | "edit" | "mode" | "reason" | "apply" | "one_less" | "remove" }
>;

/** A unit price has four more decimals than an amount. */
const PRICE_STEPS = 10_000;

export function lineInput(sell: Sell, input: LineInput): Step {
  if (sell.pane.is === "change") return still(sell);
  switch (input.is) {
    case "move":
      return move(sell, input.to);
    case "choose":
      return still({ ...sell, chosen: input.line });
    case "edit":
      return editLine(sell, input.line, input.mode);
    case "mode":
      if (sell.pane.is !== "line") return still(sell);
      return still({ ...sell, pane: { ...sell.pane, mode: input.mode, entry: "" } });
    case "reason":
      return still(sell.pane.is === "line" ? { ...sell, pane: { ...sell.pane, reason: input.reason } } : sell);
    case "apply":
      return applyLine(sell);
    case "one_less": {
      const line = chosenLine(sell);
      if (!line?.counted || paymentBegun(sell)) return still(sell);
      const quantity = line.quantity - 1000;
      if (quantity <= 0) return submit(sell, { do: "remove", line: line.line });
      return submit(sell, { do: "set_quantity", line: line.line, quantity });
    }
    case "remove": {
      const line = sell.pane.is === "line" ? sell.pane.line : (chosenLine(sell)?.line ?? null);
      if (line === null || paymentBegun(sell)) return still(sell);
      return submit({ ...sell, pane: { is: "products" } }, { do: "remove", line });
    }
  }
}

function move(sell: Sell, to: "up" | "down" | "first" | "last"): Step {
  const lines = sell.cart.lines;
  if (sell.pane.is !== "products" || lines.length === 0) return still(sell);
  const last = lines.length - 1;
  const marked = lines.findIndex((line) => line.line === markedLine(sell)?.line);
  const step = sell.chosen === null ? 0 : to === "up" ? -1 : 1;
  const index = to === "first" ? 0 : to === "last" ? last : Math.min(last, Math.max(0, marked + step));
  return still({ ...sell, chosen: lines[index]?.line ?? null });
}

export function editLine(sell: Sell, line: number | null, mode: LineMode): Step {
  if (paymentBegun(sell) || sell.cart.lines.length === 0) return still(sell);
  const found = sell.cart.lines.find((other) => other.line === line);
  const fits = mode === "quantity" && found && !found.counted ? "percent" : mode;
  return still({
    ...sell,
    chosen: line,
    pane: { is: "line", line, mode: fits, entry: "", reason: null },
    entry: "",
    notice: null,
  });
}

/** Whether what is typed can be applied, and if not, what is missing. */
export function missing(sell: Sell): "entry" | "reason" | "too_much" | null {
  const pane = sell.pane;
  if (pane.is !== "line") return "entry";
  const places = pane.mode === "quantity" ? 3 : pane.mode === "percent" ? 2 : sell.exponent;
  const units = unitsOf(pane.entry, places);
  if (units === null) return "entry";
  if (pane.mode === "percent" && units > 10_000) return "too_much";
  return pane.mode !== "quantity" && pane.reason === null ? "reason" : null;
}

export function applyLine(sell: Sell): Step {
  const pane = sell.pane;
  if (pane.is !== "line" || missing(sell) !== null) return still(sell);
  const back: Sell = { ...sell, pane: { is: "products" } };
  const reason = pane.reason ?? "";
  if (pane.mode === "percent") {
    const percent = pane.entry.replace(/\.$/, "");
    return submit(back, { do: "discount", line: pane.line, percent, amount_minor: null, reason });
  }
  if (pane.mode === "amount") {
    const amount = unitsOf(pane.entry, sell.exponent) ?? 0;
    return submit(back, { do: "discount", line: pane.line, percent: null, amount_minor: amount, reason });
  }
  if (pane.line === null) return still(sell);
  if (pane.mode === "price") {
    const price = (unitsOf(pane.entry, sell.exponent) ?? 0) * PRICE_STEPS;
    return submit(back, { do: "set_price", line: pane.line, unit_price: price, reason });
  }
  const quantity = unitsOf(pane.entry, 3) ?? 0;
  if (quantity === 0) return submit(back, { do: "remove", line: pane.line });
  return submit(back, { do: "set_quantity", line: pane.line, quantity });
}
