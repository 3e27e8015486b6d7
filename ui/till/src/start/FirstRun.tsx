// From a new machine to a till that may sell: join a store with the address of head office and a code, or start alone. Nothing that was
// typed is lost when something stands in the way.

import { Building2, Store } from "lucide-react";
import { useState } from "react";
import { Mark } from "../look/Mark.tsx";
import { useShown } from "../shell/use.ts";
import { text } from "../texts/text.ts";
import { Alone } from "./Alone.tsx";
import { Join } from "./Join.tsx";
import "./start.css";

export default function FirstRun() {
  const status = useShown((known) => known.status);
  const [way, setWay] = useState<"join" | "alone" | null>(null);
  if (status?.phase === "loading") {
    return (
      <main className="full start">
        <h1>{text("start-loading")}</h1>
        <p className="full-lead">{text("start-loading-what", { count: status.products })}</p>
        <progress aria-label={text("start-loading")} />
      </main>
    );
  }
  return (
    <main className="full start">
      <p className="brand">
        <Mark />
        Daybook
      </p>
      {way === "join" ? (
        <Join onBack={() => setWay(null)} />
      ) : way === "alone" ? (
        <Alone onBack={() => setWay(null)} />
      ) : (
        <Choose onChoose={setWay} />
      )}
    </main>
  );
}

function Choose({ onChoose }: { onChoose: (way: "join" | "alone") => void }) {
  return (
    <>
      <h1>{text("start-title")}</h1>
      <div className="ways">
        <button type="button" className="way" onClick={() => onChoose("join")}>
          <Building2 aria-hidden="true" />
          <strong>{text("start-join")}</strong>
          <span>{text("start-join-what")}</span>
        </button>
        <button type="button" className="way" onClick={() => onChoose("alone")}>
          <Store aria-hidden="true" />
          <strong>{text("start-alone")}</strong>
          <span>{text("start-alone-what")}</span>
        </button>
      </div>
    </>
  );
}
