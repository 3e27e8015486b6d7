// Opening a shift: how much is in the drawer, counted by note and coin or as one amount. Where the last close left a float, one tap
// takes it over.

import { useEffect, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import { Amount } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { parseAmount } from "../money/entry.ts";
import { useAct, useMoney, useShown } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { type Counted, countedTotal } from "./count.ts";
import { Denominations } from "./Denominations.tsx";
import "./shift.css";

export default function OpenShift() {
  const act = useAct();
  const money = useMoney();
  const last = useShown((known) => known.status?.last_float_minor ?? null);
  const name = useShown((known) => known.status?.person?.name ?? "");
  const faces = useShown((known) => known.settings?.denominations_minor);
  const [way, setWay] = useState<"count" | "total">("total");
  const [counted, setCounted] = useState<Counted>({});
  const [typed, setTyped] = useState("");
  const [refused, setRefused] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const float = way === "count" ? countedTotal(counted) : parseAmount(typed, money.currency.exponent);

  async function open(minor: number) {
    if (busy) return;
    setBusy(true);
    try {
      await act({ do: "open_shift", float_minor: minor });
    } catch (problem) {
      setRefused(faultText(faultOf(problem)));
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "F12" || float === null) return;
      event.preventDefault();
      void open(float);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });

  return (
    <main className="sheet">
      <div className="sheet-head">
        <h1>{text("open-title", { name })}</h1>
        <p className="second">{text("open-what")}</p>
      </div>
      {last !== null ? (
        <Press look="primary" className="same-float" disabled={busy} onPress={() => void open(last)}>
          {text("open-same")} <Amount minor={last} />
        </Press>
      ) : null}
      <div className="modes" role="group" aria-label={text("open-way")}>
        <Press pressed={way === "total"} onPress={() => setWay("total")}>
          {text("open-total")}
        </Press>
        <Press pressed={way === "count"} onPress={() => setWay("count")}>
          {text("open-count")}
        </Press>
      </div>
      {way === "total" ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (float !== null) void open(float);
          }}
        >
          <label className="field float-field">
            <span>{text("open-float", { currency: money.currency.code })}</span>
            <input
              autoFocus
              inputMode="decimal"
              autoComplete="off"
              value={typed}
              placeholder={money.plain(0)}
              onChange={({ target }) => setTyped(target.value)}
            />
          </label>
        </form>
      ) : (
        <Denominations faces={faces ?? []} counted={counted} onChange={setCounted} />
      )}
      <p className="refused" role="alert">
        {refused}
      </p>
      <footer className="sheet-foot">
        <p>
          <span className="second">{text("open-drawer")}</span>{" "}
          {float === null ? "–" : <Amount minor={float} className="sheet-total" />}
        </p>
        <Press
          look={last === null || float ? "primary" : "plain"}
          disabled={float === null || busy}
          hint="F12"
          onPress={() => float !== null && void open(float)}
        >
          {text("open-do")}
        </Press>
      </footer>
    </main>
  );
}
