// From the browser's key events to what matters to the scanner's timing. Digits are read from the physical key, so that a scanner set
// to another country's keyboard still reads barcodes right.

export type KeyPress = Pick<
  KeyboardEvent,
  "key" | "code" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey" | "repeat" | "isComposing"
>;

export type Key = { at: number } & (
  | { kind: "character"; character: string }
  | { kind: "terminator" }
  | { kind: "other" }
);

const DIGIT_KEY = /^(?:Digit|Numpad)(\d)$/;
const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "Fn"]);
/** GS1's separator, which scanners send as Ctrl+]. */
const GROUP_SEPARATOR = "\u001d";

/** The key as timing sees it; none where it says nothing: held keys, modifiers alone, input methods composing. */
export function readKey(event: KeyPress, at: number): Key | null {
  if (event.repeat || event.isComposing || MODIFIERS.has(event.key)) return null;
  if (event.ctrlKey && event.key === "]") return { at, kind: "character", character: GROUP_SEPARATOR };
  if (event.ctrlKey || event.altKey || event.metaKey) return { at, kind: "other" };
  if (event.key === "Enter" || event.key === "Tab") return { at, kind: event.shiftKey ? "other" : "terminator" };
  const digit = DIGIT_KEY.exec(event.code)?.[1];
  if (digit !== undefined && !event.shiftKey) return { at, kind: "character", character: digit };
  if ([...event.key].length === 1) return { at, kind: "character", character: event.key };
  return { at, kind: "other" };
}
