// Keys that are typed with no field in focus, and the fixed number pad: digits, the quantity prefix, Enter, Escape. What a digit means
// follows from the pane that is open, and Enter on the products pane never sells anything.

import { erased, typed } from "../money/entry.ts";
import { submit } from "./acts.ts";
import { applyLine, editLine } from "./line.ts";
import { closed, reduce, type Step, still } from "./reducer.ts";
import { chosenLine, type Input, type Sell, TENDER } from "./state.ts";
import { take } from "./tender.ts";

/** The longest code that anybody types. */
const LONGEST_CODE = 32;

type Typed = Extract<Input, { is: "character" | "erase" | "enter" | "escape" }>;

export function typedInput(sell: Sell, input: Typed): Step {
  switch (input.is) {
    case "character":
      return character(sell, input.character);
    case "erase":
      return erase(sell);
    case "enter":
      return enter(sell);
    case "escape":
      return back(sell);
  }
}

function character(sell: Sell, character: string): Step {
  const pane = sell.pane;
  switch (pane.is) {
    case "tender": {
      if (pane.card || pane.guard || pane.removing || sell.cart.due_minor < 0) return still(sell);
      if (!/^[\d.,]+$/.test(character)) return still(sell);
      const entry = typed(pane.entry, character, sell.exponent);
      // A digit too many is no amount any more: it was a barcode, or a slip.
      const spoilt = pane.spoilt || (entry === pane.entry && entry.length > sell.exponent + 4);
      return still({ ...sell, pane: { ...pane, entry, spoilt, quick: null }, notice: null });
    }
    case "line": {
      if (character === "*") return still({ ...sell, pane: { ...pane, mode: "quantity", entry: "" } });
      if (character === "%") return still({ ...sell, pane: { ...pane, mode: "percent", entry: "" } });
      const places = pane.mode === "quantity" ? 3 : pane.mode === "percent" ? 2 : sell.exponent;
      return still({ ...sell, pane: { ...pane, entry: typed(pane.entry, character, places) } });
    }
    case "change":
      return character.match(/^\d+$/) ? typedInput(closed(sell), { is: "character", character }) : still(sell);
    case "products":
      return character === "*" ? multiply(sell) : code(sell, character);
    default:
      return still(sell);
  }
}

function code(sell: Sell, character: string): Step {
  if (!/^[\d.,]+$/.test(character) || sell.entry.length + character.length > LONGEST_CODE) return still(sell);
  return still({ ...sell, entry: sell.entry + character.replace(",", "."), notice: null });
}

/** `3 *`: of the chosen line, or of whatever comes next. */
function multiply(sell: Sell): Step {
  const quantity = Math.round(Number(sell.entry) * 1000);
  const sensible = sell.entry !== "" && Number.isFinite(quantity) && quantity > 0 && quantity <= 9_999_000;
  const line = chosenLine(sell);
  if (!sensible) return line ? editLine(sell, line.line, "quantity") : still({ ...sell, entry: "" });
  if (line?.counted) return submit({ ...sell, entry: "" }, { do: "set_quantity", line: line.line, quantity });
  return still({ ...sell, entry: "", times: quantity });
}

function erase(sell: Sell): Step {
  const pane = sell.pane;
  if (pane.is === "tender" && !pane.card && !pane.removing) {
    const entry = pane.spoilt ? "" : erased(pane.entry);
    return still({ ...sell, pane: { ...pane, entry, spoilt: false, guard: null } });
  }
  if (pane.is === "line") return still({ ...sell, pane: { ...pane, entry: erased(pane.entry) } });
  if (sell.entry === "" && sell.times !== null) return still({ ...sell, times: null });
  return still({ ...sell, entry: erased(sell.entry) });
}

function enter(sell: Sell): Step {
  const pane = sell.pane;
  switch (pane.is) {
    case "products": {
      if (sell.entry !== "") {
        const quantity = sell.times ?? 1000;
        return submit({ ...sell, entry: "", times: null, chosen: null }, { do: "add", code: sell.entry, quantity });
      }
      const line = chosenLine(sell);
      return line ? editLine(sell, line.line, "quantity") : still(sell);
    }
    case "line":
      return applyLine(sell);
    case "tender":
      return take(sell);
    case "change":
      return reduce(sell, { is: "next_sale" });
    default:
      return still(sell);
  }
}

/** One level back. A cart is never thrown away by it. */
function back(sell: Sell): Step {
  const pane = sell.pane;
  switch (pane.is) {
    case "products":
      if (sell.entry !== "" || sell.times !== null) return still({ ...sell, entry: "", times: null });
      return still({ ...sell, chosen: null, notice: null, gated: false });
    case "tender":
      if (pane.guard) return still({ ...sell, pane: TENDER });
      if (pane.card?.unknown) return still({ ...sell, pane: { ...pane, card: { ...pane.card, unknown: false } } });
      if (pane.card || pane.removing) return still({ ...sell, pane: TENDER });
      if (pane.entry !== "" || pane.quick !== null) return still({ ...sell, pane: TENDER });
      return still({ ...sell, pane: { is: "products" }, keyed: null });
    case "approval":
      return still({ ...sell, pane: pane.back.is === "approval" ? { is: "products" } : pane.back });
    case "change":
      return reduce(sell, { is: "next_sale" });
    default:
      return still({ ...sell, pane: { is: "products" } });
  }
}
