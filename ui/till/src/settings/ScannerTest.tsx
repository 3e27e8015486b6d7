// The scanner test: scan something, and see the code that arrived and how fast its keys came. It says which kind of scanner that is.

import { useEffect, useRef, useState } from "react";
import { Code } from "../look/Amount.tsx";
import { Press } from "../look/Press.tsx";
import { looksMisread } from "../scanner/code.ts";
import { PROFILES, type ProfileName } from "../scanner/profile.ts";
import { text } from "../texts/text.ts";
import { scannerProfile, setScannerProfile } from "./here.ts";

export function ScannerTest() {
  const [profile, setProfile] = useState(scannerProfile());
  const [seen, setSeen] = useState<{ code: string; gap: number } | null>(null);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const element = field.current;
    const times: number[] = [];
    const key = (event: KeyboardEvent) => {
      if ((times.at(-1) ?? 0) < event.timeStamp - 400) times.length = 0;
      times.push(event.timeStamp);
    };
    const scanned = (event: Event) => {
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
      const middle = gaps.sort((left, right) => left - right)[Math.floor(gaps.length / 2)] ?? 0;
      setSeen({ code: String((event as CustomEvent).detail), gap: Math.round(middle) });
    };
    // On the document, in the capture phase, right after the scanner's own listener on the window.
    window.addEventListener("keydown", key, { capture: true });
    element?.addEventListener("scanned", scanned);
    return () => {
      window.removeEventListener("keydown", key, { capture: true });
      element?.removeEventListener("scanned", scanned);
    };
  }, []);

  const choose = (name: ProfileName) => {
    setScannerProfile(name);
    setProfile(name);
  };
  return (
    <>
      <fieldset className="choice">
        <legend>{text("scanner-kind")}</legend>
        <div>
          {(Object.keys(PROFILES) as ProfileName[]).map((name) => (
            <Press key={name} size="small" pressed={profile === name} onPress={() => choose(name)}>
              {text(`scanner-${name}`)}
            </Press>
          ))}
        </div>
      </fieldset>
      <label className="field">
        <span>{text("scanner-test")}</span>
        <input ref={field} data-scan="accept" autoComplete="off" placeholder={text("scanner-test-hint")} />
      </label>
      <p role="status" className="scanner-seen">
        {seen ? (
          <>
            {text("scanner-heard")} <Code>{seen.code}</Code> · {text("scanner-gap", { gap: seen.gap })}
            {looksMisread(seen.code) ? ` · ${text("card-misread")}` : ""}
          </>
        ) : null}
      </p>
    </>
  );
}
