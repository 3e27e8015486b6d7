// From a key event to its name in the registry, and how a name is written on a button.

type KeyEvent = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Where words run from right to left, what comes next stands to the left: its arrow is the other one. */
export function inReadingDirection(key: string, direction = document.documentElement.dir): string {
  if (direction !== "rtl") return key;
  return ({ ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" } as Record<string, string>)[key] ?? key;
}

/** "F12", "Ctrl+Enter", "Shift+F4", "+". Shift is part of a printed character already. */
export function keyName(event: KeyEvent): string {
  const printed = [...event.key].length === 1;
  const held = event.ctrlKey || event.metaKey;
  const names: string[] = [];
  if (held) names.push("Ctrl");
  if (event.altKey) names.push("Alt");
  if (event.shiftKey && (!printed || held)) names.push("Shift");
  names.push(event.key === " " ? "Space" : printed ? event.key.toUpperCase() : event.key);
  return names.join("+");
}

/** What the browser itself would do with these must not happen at a till. */
export const SUPPRESSED = /^(?:F[1-9]|F1[0-2]|Ctrl\+(?:R|P|S|F|\+|-|0|Shift\+R|D|K|L|[1-9]))$/;

const SIGNS: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Delete: "Del",
  Escape: "Esc",
  Enter: "↵",
};

export const written = (key: string): string =>
  key
    .split(/(?<=.)\+(?=.)/)
    .map((part) => SIGNS[inReadingDirection(part)] ?? part)
    .join(" ");
