// Starting alone: one till, no head office. Its owner signs in with the PIN chosen here.

import { type FormEvent, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import { Press } from "../look/Press.tsx";
import { useCounter } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";

const CURRENCIES = [
  "EUR",
  "USD",
  "GBP",
  "CHF",
  "SEK",
  "NOK",
  "DKK",
  "PLN",
  "CZK",
  "HUF",
  "JPY",
  "AUD",
  "CAD",
  "NZD",
  "INR",
  "BRL",
  "MXN",
  "ILS",
  "AED",
  "KWD",
];
const SHORTEST_PIN = 4;
const LONGEST_PIN = 8;

export function Alone({ onBack }: { onBack: () => void }) {
  const counter = useCounter();
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [form, setForm] = useState({
    store: "",
    till: text("alone-till-default"),
    currency: "EUR",
    inclusive: true,
    owner: "",
    pin: "",
    again: "",
  });
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const change = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const differs = form.again !== "" && form.again !== form.pin;
  const ready =
    form.store.trim() !== "" &&
    form.till.trim() !== "" &&
    form.owner.trim() !== "" &&
    form.pin.length >= SHORTEST_PIN &&
    form.pin === form.again;

  async function start(event: FormEvent) {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setRefused(null);
    const { store, till, currency, inclusive, owner, pin } = form;
    try {
      const shop = { store, till, currency, time_zone: here, prices_include_tax: inclusive, owner, pin };
      counter.stand(await counter.ask({ ask: "start_alone", ...shop }));
    } catch (problem) {
      setRefused(faultText(faultOf(problem)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="form" onSubmit={start}>
      <h1>{text("start-alone")}</h1>
      <div className="form-two">
        <label className="field">
          <span>{text("alone-store")}</span>
          <input
            autoFocus
            value={form.store}
            maxLength={60}
            onChange={({ target }) => change({ store: target.value })}
          />
        </label>
        <label className="field">
          <span>{text("alone-till")}</span>
          <input value={form.till} maxLength={40} onChange={({ target }) => change({ till: target.value })} />
        </label>
        <label className="field">
          <span>{text("alone-owner")}</span>
          <input value={form.owner} maxLength={60} onChange={({ target }) => change({ owner: target.value })} />
        </label>
        <label className="field">
          <span>{text("alone-currency")}</span>
          <select value={form.currency} onChange={({ target }) => change({ currency: target.value })}>
            {CURRENCIES.map((code) => (
              <option key={code}>{code}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{text("alone-pin")}</span>
          <input
            type="password"
            inputMode="numeric"
            autoComplete="off"
            maxLength={LONGEST_PIN}
            value={form.pin}
            onChange={({ target }) => change({ pin: target.value.replace(/\D/g, "") })}
          />
        </label>
        <label className="field">
          <span>{text("alone-pin-again")}</span>
          <input
            type="password"
            inputMode="numeric"
            autoComplete="off"
            aria-invalid={differs}
            maxLength={LONGEST_PIN}
            value={form.again}
            onChange={({ target }) => change({ again: target.value.replace(/\D/g, "") })}
          />
        </label>
      </div>
      <fieldset className="choice">
        <legend>{text("alone-prices")}</legend>
        <div>
          <Press size="small" pressed={form.inclusive} onPress={() => change({ inclusive: true })}>
            {text("alone-prices-inclusive")}
          </Press>
          <Press size="small" pressed={!form.inclusive} onPress={() => change({ inclusive: false })}>
            {text("alone-prices-exclusive")}
          </Press>
        </div>
      </fieldset>
      <p className="second">{text("alone-zone", { zone: here })}</p>
      <p className="refused" role="alert">
        {refused ?? (differs ? text("alone-pins-differ") : "")}
      </p>
      <div className="pane-keys">
        <button type="submit" className="press primary action" disabled={!ready || busy}>
          {text("alone-do")}
        </button>
        <button type="button" className="press plain action" onClick={onBack}>
          {text("pane-back")}
        </button>
      </div>
    </form>
  );
}
