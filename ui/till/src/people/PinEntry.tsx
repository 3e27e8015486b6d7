// A PIN, typed or tapped. The pad keeps its order, because a shuffled one is slower and no safer at a counter; what was typed is shown
// as dots and forgotten after each try.

import { useRef, useState } from "react";
import { written } from "../actions/keys.ts";
import { NumberPad } from "../look/NumberPad.tsx";
import { Press } from "../look/Press.tsx";
import { western } from "../money/entry.ts";

const SHORTEST = 4;
const LONGEST = 8;

type Props = { label: string; enter: string; busy: boolean; refused: string | null; onPin: (pin: string) => void };

export function PinEntry({ label, enter, busy, refused, onPin }: Props) {
  const [pin, setPin] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const change = (next: string) => setPin(western(next).replace(/\D/g, "").slice(0, LONGEST));
  const submit = () => {
    if (pin.length < SHORTEST || busy) return;
    onPin(pin);
    setPin("");
    field.current?.focus();
  };
  return (
    <form
      className="pin"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label>
        <span>{label}</span>
        <input
          ref={field}
          className="pin-field"
          type="password"
          inputMode="none"
          autoComplete="off"
          value={pin}
          aria-invalid={refused !== null}
          aria-describedby="pin-refused"
          autoFocus
          onChange={({ target }) => change(target.value)}
        />
      </label>
      <p id="pin-refused" className="refused" role="alert">
        {refused}
      </p>
      <NumberPad
        corner={null}
        onCharacter={(digit) => change(pin + digit)}
        onErase={() => change(pin.slice(0, -1))}
        label={label}
      />
      <Press look="primary" disabled={pin.length < SHORTEST || busy} hint={written("Enter")} onPress={submit}>
        {enter}
      </Press>
    </form>
  );
}
