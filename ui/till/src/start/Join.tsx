// Joining: where head office is, the ten characters it gave for this till, and the name it gave them for. The code is read in two halves,
// as it is printed.

import { type FormEvent, useState } from "react";
import { faultOf } from "../door/refusal.ts";
import { useCounter } from "../shell/use.ts";
import { faultText, text } from "../texts/text.ts";
import { CODE_LENGTH, readCode, writtenCode } from "./code.ts";

export function Join({ onBack }: { onBack: () => void }) {
  const counter = useCounter();
  const [server, setServer] = useState("");
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const ready = server.trim() !== "" && code.length === CODE_LENGTH && name.trim() !== "";

  async function join(event: FormEvent) {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setRefused(null);
    try {
      counter.stand(await counter.ask({ ask: "enrol", server: server.trim(), code, name: name.trim() }));
    } catch (problem) {
      setRefused(faultText(faultOf(problem)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="form" onSubmit={join}>
      <h1>{text("start-join")}</h1>
      <label className="field">
        <span>{text("join-server")}</span>
        <input
          autoFocus
          dir="ltr"
          autoComplete="off"
          spellCheck={false}
          placeholder={text("join-server-example")}
          value={server}
          onChange={({ target }) => setServer(target.value)}
        />
      </label>
      <label className="field">
        <span>{text("join-code")}</span>
        <input
          dir="ltr"
          className="code-field"
          autoComplete="off"
          spellCheck={false}
          data-scan="accept"
          placeholder="ABCDE FGHJK"
          value={writtenCode(code)}
          onChange={({ target }) => setCode(readCode(target.value))}
        />
      </label>
      <p className="second">{text("join-code-where")}</p>
      <label className="field">
        <span>{text("join-name")}</span>
        <input
          autoComplete="off"
          spellCheck={false}
          maxLength={40}
          placeholder={text("alone-till-default")}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </label>
      <p className="second">{text("join-name-why")}</p>
      <p className="refused" role="alert">
        {refused}
      </p>
      <div className="pane-keys">
        <button type="submit" className="press primary action" disabled={!ready || busy}>
          {text(busy ? "join-busy" : "join-do")}
        </button>
        <button type="button" className="press plain action" onClick={onBack}>
          {text("pane-back")}
        </button>
      </div>
    </form>
  );
}
