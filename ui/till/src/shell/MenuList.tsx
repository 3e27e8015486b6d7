// The menu: the places of the window with their keys, then the drawer and the shift.

import {
  Banknote,
  BarChart3,
  CircleHelp,
  History,
  Inbox,
  Lock,
  LogOut,
  RefreshCw,
  Scale,
  Settings,
  ShoppingCart,
} from "lucide-react";
import { Button } from "react-aria-components";
import { written } from "../actions/keys.ts";
import { action, perform, rightTo } from "../actions/registry.ts";
import { RightMark } from "../look/RightMark.tsx";
import { text } from "../texts/text.ts";
import { useCounter, useShown } from "./use.ts";

const PLACES = [
  ["sell", ShoppingCart],
  ["history", History],
  ["report", BarChart3],
  ["conflicts", Scale],
  ["sync", RefreshCw],
  ["settings", Settings],
] as const;

const DOINGS = [
  ["cash-move", Banknote],
  ["drawer", Inbox],
  ["close", LogOut],
  ["help", CircleHelp],
  ["lock", Lock],
] as const;

/** What belongs to an open shift, and of that what happens beside the cart. */
const NEED_SHIFT = new Set<string>(["cash-move", "drawer", "close"]);
const ON_SELL = new Set(["cash-move", "drawer"]);

export function MenuList() {
  const shift = useShown((known) => known.status?.shift !== null);
  return (
    <div className="menu-lists">
      <ul>
        {PLACES.map(([id, Sign]) => (
          <Entry key={id} id={id} sign={<Sign aria-hidden="true" />} />
        ))}
      </ul>
      <ul>
        {DOINGS.filter(([id]) => shift || !NEED_SHIFT.has(id)).map(([id, Sign]) => (
          <Entry key={id} id={id} sign={<Sign aria-hidden="true" />} />
        ))}
      </ul>
    </div>
  );
}

function Entry({ id, sign }: { id: string; sign: React.ReactNode }) {
  const counter = useCounter();
  const conflicts = useShown((known) => known.status?.open_conflicts ?? 0);
  const found = action(id);
  const { label, keys } = found;
  const right = useShown((known) => rightTo(found, known));
  const go = () => {
    counter.set({ overlay: null, ...(ON_SELL.has(id) ? { view: "sell" as const } : {}) });
    perform(found, counter);
  };
  return (
    <li>
      <Button className="menu-entry" onPress={go} isDisabled={right === "denied"}>
        {sign}
        <span>{text(label)}</span>
        {id === "conflicts" && conflicts > 0 ? <span className="badge">{conflicts}</span> : null}
        <RightMark right={right} />
        {keys[0] ? <kbd>{written(keys[0])}</kbd> : null}
      </Button>
    </li>
  );
}
