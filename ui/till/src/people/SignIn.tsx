// Who is at the till: a tile, then a PIN. It changes the cashier in seconds and keeps everything; which sale is in hand stays with the
// till, not with the person.

import { Store } from "lucide-react";
import { useEffect, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import type { PersonTile } from "../door/types.ts";
import { useAsked, useCounter, useShown, useWhen } from "../shell/use.ts";
import { SyncPill } from "../sync/SyncPill.tsx";
import { faultText, text } from "../texts/text.ts";
import { PinEntry } from "./PinEntry.tsx";
import { PersonTiles } from "./Tiles.tsx";

export function SignIn() {
  const counter = useCounter();
  const status = useShown((known) => known.status);
  const [tries, setTries] = useState(0);
  const [chosen, setChosen] = useState<PersonTile | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { answer: people, fault } = useAsked({ ask: "people" }, tries);
  const now = useClock();

  // With one person there is nothing to choose.
  const only = people?.length === 1 && people[0]?.has_pin ? people[0] : null;
  const person = chosen ?? only;

  async function signIn(pin: string) {
    if (!person) return;
    setBusy(true);
    try {
      counter.stand(await counter.ask({ ask: "sign_in", staff: person.staff, pin }));
    } catch (problem) {
      setRefused(faultText(faultOf(problem)));
      setTries((count) => count + 1);
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <header className="sign-in-head">
        <div>
          <Store aria-hidden="true" />
          <h1>
            <bdi>{status?.place?.store}</bdi>
            <span>
              <bdi>{status?.place?.till}</bdi>
            </span>
          </h1>
        </div>
        <SyncPill />
      </header>
      <p className="clock">
        <bdi dir="ltr">{now.written}</bdi>
      </p>
      <div className="sign-in-body">
        <section className="sign-in-people">
          <h2>{text("sign-in-who")}</h2>
          {fault ? <p className="refused">{faultText(fault)}</p> : null}
          {people?.length === 0 ? <p className="empty">{text("sign-in-nobody")}</p> : null}
          {people ? (
            <PersonTiles
              people={people}
              now={now.at}
              chosen={person?.staff ?? null}
              onChoose={(tile) => {
                setChosen(tile);
                setRefused(null);
              }}
            />
          ) : null}
        </section>
        <section className="sign-in-pin" aria-live="polite">
          {person ? (
            <PinEntry
              key={person.staff}
              label={text("sign-in-pin", { name: person.name })}
              enter={text("sign-in-enter")}
              busy={busy}
              refused={refused}
              onPin={signIn}
            />
          ) : (
            <p className="empty">{text("sign-in-choose")}</p>
          )}
        </section>
      </div>
    </main>
  );
}

function useClock(): { at: number; written: string } {
  const when = useWhen();
  const [at, setAt] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setAt(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  return { at, written: when.clockAt(at) };
}
