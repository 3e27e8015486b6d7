// The pill: how things stand with head office, in at most a few words, shown only once it has lasted. It opens the panel.

import { Check, CloudOff, CloudUpload, HardDrive, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { useCounter, useShown, useWhen } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { pillWords, type Words } from "./words.ts";

/** A failing contact is shown after five seconds, a mended one after three: the pill never flaps. */
const LASTS = { offline: 5000, other: 3000 };

export function SyncPill() {
  const counter = useCounter();
  const status = useShown((known) => known.status);
  const when = useWhen();
  const words = useSettled(status ? pillWords(status, Date.now(), when) : null);
  if (!status || !words) return null;
  const sentence = text(words.id, words.values);
  const quiet = words.id === "pill-in-step" || words.id === "pill-alone";
  const signedIn = status.person !== null;
  const Sign = SIGNS[words.id] ?? TriangleAlert;
  return (
    <button
      type="button"
      className={`pill ${words.tone}${quiet ? " quiet" : ""}`}
      onClick={() => counter.set({ view: words.id === "pill-conflicts" ? "conflicts" : "sync", overlay: null })}
      disabled={!signedIn}
      title={sentence}
    >
      <Sign aria-hidden="true" />
      <span className={quiet ? "unseen" : undefined}>{sentence}</span>
      {status.sync.waiting_documents > 0 ? (
        <span className="pill-count">
          <span aria-hidden="true">{status.sync.waiting_documents}</span>
          <span className="unseen">{text("pill-waiting", { count: status.sync.waiting_documents })}</span>
        </span>
      ) : null}
    </button>
  );
}

const SIGNS: Record<string, typeof Check> = {
  "pill-in-step": Check,
  "pill-alone": HardDrive,
  "pill-sending": CloudUpload,
  "pill-offline": CloudOff,
  "pill-offline-long": CloudOff,
};

/** The words once they have lasted; the first ones at once. */
function useSettled(words: Words | null): Words | null {
  const [shown, setShown] = useState(words);
  const written = JSON.stringify(words);
  useEffect(() => {
    const next = JSON.parse(written) as Words | null;
    const timer = setTimeout(() => setShown(next), next?.tone === "offline" ? LASTS.offline : LASTS.other);
    return () => clearTimeout(timer);
  }, [written]);
  return shown ?? words;
}
