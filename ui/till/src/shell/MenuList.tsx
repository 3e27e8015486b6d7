// The menu: the places of the window with their keys, then the drawer and the shift.

import {
  Banknote,
  BarChart3,
  CircleHelp,
  GitFork,
  History,
  Lock,
  LogOut,
  RefreshCw,
  Settings,
  ShoppingCart,
} from "lucide-react";
import { Button } from "react-aria-components";
import { written } from "../actions/keys.ts";
import { action } from "../actions/registry.ts";
import { text } from "../texts/text.ts";
import { useCounter, useShown } from "./use.ts";

const PLACES = [
  ["sell", ShoppingCart],
  ["history", History],
  ["report", BarChart3],
  ["conflicts", GitFork],
  ["sync", RefreshCw],
  ["settings", Settings],
] as const;

const DOINGS = [
  ["cash-move", Banknote],
  ["close", LogOut],
  ["help", CircleHelp],
  ["lock", Lock],
] as const;

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
        {DOINGS.filter(([id]) => shift || (id !== "cash-move" && id !== "close")).map(([id, Sign]) => (
          <Entry key={id} id={id} sign={<Sign aria-hidden="true" />} />
        ))}
      </ul>
    </div>
  );
}

function Entry({ id, sign }: { id: string; sign: React.ReactNode }) {
  const counter = useCounter();
  const conflicts = useShown((known) => known.status?.open_conflicts ?? 0);
  const { label, keys, run } = action(id);
  const go = () => {
    counter.set({ overlay: null, ...(id === "cash-move" ? { view: "sell" as const } : {}) });
    run(counter);
  };
  return (
    <li>
      <Button className="menu-entry" onPress={go}>
        {sign}
        <span>{text(label)}</span>
        {id === "conflicts" && conflicts > 0 ? <span className="badge">{conflicts}</span> : null}
        {keys[0] ? <kbd>{written(keys[0])}</kbd> : null}
      </Button>
    </li>
  );
}
