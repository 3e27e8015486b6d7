// The number pad under the fingers: always in the same order, 1-2-3 on top as on card terminals. Its keys take no focus, because the
// keyboard has its own.

import { Delete } from "lucide-react";
import { text } from "../texts/text.ts";
import { Press } from "./Press.tsx";

type Props = {
  onCharacter: (character: string) => void;
  onErase: () => void;
  /** The key at the bottom start: a point for amounts, "00" for codes and counts. */
  corner: "." | "00" | null;
  label?: string;
};

export function NumberPad({ onCharacter, onErase, corner, label }: Props) {
  return (
    <div className="pad" role="group" aria-label={label ?? text("pad")} dir="ltr">
      {[..."123456789"].map((digit) => (
        <Press key={digit} size="big" skip onPress={() => onCharacter(digit)}>
          {digit}
        </Press>
      ))}
      {corner ? (
        <Press
          size="big"
          skip
          onPress={() => onCharacter(corner)}
          {...(corner === "." ? { label: text("pad-point") } : {})}
        >
          {corner}
        </Press>
      ) : (
        <span />
      )}
      <Press size="big" skip onPress={() => onCharacter("0")}>
        0
      </Press>
      <Press size="big" skip label={text("pad-erase")} onPress={onErase}>
        <Delete aria-hidden="true" />
      </Press>
    </div>
  );
}
