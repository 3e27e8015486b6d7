// What can be set at this till: how it looks and sounds, which scanner is plugged in, the printer, and what waits to be printed.

import { useEffect } from "react";
import type { Preference } from "../door/types.ts";
import { Mark } from "../look/Mark.tsx";
import { useAsked, useCounter, useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { Choice } from "./Choice.tsx";
import { PrinterForm } from "./PrinterForm.tsx";
import { PrintQueue } from "./PrintQueue.tsx";
import { ScannerTest } from "./ScannerTest.tsx";
import { SoundForm } from "./SoundForm.tsx";
import "./settings.css";

const THEMES = ["auto", "light", "dark", "high"] as const;
const SCALES = [100, 110, 120, 125, 140, 160];

export default function SettingsScreen() {
  const counter = useCounter();
  const { answer } = useAsked({ ask: "settings" });
  const kept = useShown((known) => known.settings);
  const version = useShown((known) => known.status?.version ?? "");
  const products = useShown((known) => known.status?.products ?? 0);

  useEffect(() => {
    if (answer) counter.set({ settings: answer });
  }, [answer, counter]);

  const settings = kept ?? answer;
  const prefer = (name: Preference, value: string) =>
    void counter.ask({ ask: "set_preference", name, value }).then((next) => counter.set({ settings: next }));

  if (!settings) return <main className="sheet" aria-busy="true" />;
  return (
    <main className="sheet wide-sheet settings">
      <div className="sheet-head">
        <h1>{text("action-settings")}</h1>
        <p className="about second">
          <Mark />
          {text("settings-about", { version, products })}
        </p>
      </div>
      <section>
        <h2>{text("settings-look")}</h2>
        <Choice
          label="settings-theme"
          options={THEMES}
          now={settings.theme}
          words={(value) => text(`theme-${value}`)}
          onChoose={(value) => prefer("theme", value)}
        />
        <Choice
          label="settings-scale"
          options={SCALES}
          now={settings.scale}
          words={(value) => `${value} %`}
          onChoose={(value) => prefer("scale", String(value))}
        />
      </section>
      <section className="sound">
        <h2>{text("settings-sound")}</h2>
        <SoundForm settings={settings} prefer={prefer} />
      </section>
      <section>
        <h2>{text("settings-scanner")}</h2>
        <ScannerTest />
      </section>
      <section>
        <h2>{text("settings-printer")}</h2>
        <PrinterForm
          key={JSON.stringify(settings.printer)}
          settings={settings}
          onKept={(next) => counter.set({ settings: next })}
        />
      </section>
      <section>
        <h2>{text("settings-queue")}</h2>
        <PrintQueue />
      </section>
    </main>
  );
}
