// The receipt printer: where it is, how wide it prints, and which signs it knows. A test page says more than any setting.

import { type FormEvent, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { PrinterSettings, Settings } from "../door/types.ts";
import { Press } from "../look/Press.tsx";
import { useCounter } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";

const COLUMNS = [32, 42, 48];

type Props = { settings: Settings; onKept: (settings: Settings) => void };

export function PrinterForm({ settings, onKept }: Props) {
  const counter = useCounter();
  const none: PrinterSettings = {
    address: "",
    code_page: settings.code_pages[0] ?? "",
    columns: 42,
    cuts: true,
    drawer: true,
  };
  const [form, setForm] = useState(settings.printer ?? none);
  const [said, setSaid] = useState("");
  const change = (part: Partial<PrinterSettings>) => setForm({ ...form, ...part });
  const failed = (problem: unknown) => setSaid(faultText(faultOf(problem)));

  function keep(printer: PrinterSettings | null) {
    counter.ask({ ask: "set_printer", printer }).then((next) => {
      onKept(next);
      setSaid(text(printer ? "printer-kept" : "printer-removed"));
    }, failed);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    keep({ ...form, address: form.address.trim() });
  }

  return (
    <form className="printer-form" onSubmit={submit}>
      <label className="field">
        <span>{text("printer-address")}</span>
        <input
          dir="ltr"
          autoComplete="off"
          spellCheck={false}
          placeholder={text("printer-address-example")}
          value={form.address}
          onChange={({ target }) => change({ address: target.value })}
        />
      </label>
      <label className="field">
        <span>{text("printer-code-page")}</span>
        <select value={form.code_page} onChange={({ target }) => change({ code_page: target.value })}>
          {settings.code_pages.map((page) => (
            <option key={page}>{page}</option>
          ))}
        </select>
      </label>
      <fieldset className="choice">
        <legend>{text("printer-columns")}</legend>
        <div>
          {COLUMNS.map((columns) => (
            <Press key={columns} size="small" pressed={form.columns === columns} onPress={() => change({ columns })}>
              {columns}
            </Press>
          ))}
        </div>
      </fieldset>
      <label className="tick">
        <input type="checkbox" checked={form.cuts} onChange={({ target }) => change({ cuts: target.checked })} />
        <span>{text("printer-cuts")}</span>
      </label>
      <label className="tick">
        <input type="checkbox" checked={form.drawer} onChange={({ target }) => change({ drawer: target.checked })} />
        <span>{text("printer-drawer")}</span>
      </label>
      <p className="second" role="status">
        {said}
      </p>
      <div className="pane-keys">
        <button type="submit" className="press primary action" disabled={form.address.trim() === ""}>
          {text("printer-keep")}
        </button>
        <Press
          disabled={settings.printer === null}
          onPress={() => void counter.ask({ ask: "test_print" }).then(() => setSaid(text("printer-testing")), failed)}
        >
          {text("printer-test")}
        </Press>
        {settings.printer ? (
          <Press className="apart" onPress={() => keep(null)}>
            {text("printer-remove")}
          </Press>
        ) : null}
      </div>
    </form>
  );
}
