// One of a few: each option a button, the chosen one pressed in.

import { Press } from "../look/Press.tsx";
import { text } from "../texts/text.ts";

type Props<T> = {
  /** A message of the catalogue. */
  label: string;
  options: readonly T[];
  now: T;
  words: (value: T) => string;
  onChoose: (value: T) => void;
};

export function Choice<T extends string | number | boolean>({ label, options, now, words, onChoose }: Props<T>) {
  return (
    <fieldset className="choice">
      <legend>{text(label)}</legend>
      <div>
        {options.map((value) => (
          <Press key={String(value)} size="small" pressed={value === now} onPress={() => onChoose(value)}>
            {words(value)}
          </Press>
        ))}
      </div>
    </fieldset>
  );
}
