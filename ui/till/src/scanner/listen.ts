// Hears the scanner whatever has focus: one listener in the capture phase, before any field or button sees a key. What the timing says
// is done here to the field in focus; what it means is the window's to say.

import { type KeyPress, readKey } from "./key.ts";
import type { Profile } from "./profile.ts";
import { press, QUIET, settle, type WedgeEffect } from "./wedge.ts";

export type Hearing = {
  profile(): Profile;
  scan(code: string): void;
  /** A burst begins: the window remembers what it shows besides the field in focus. */
  remember(): void;
  restore(): void;
  /** Characters that were held back and turned out to be typed, with no field in focus. */
  type(text: string): void;
};

type Field = HTMLInputElement | HTMLTextAreaElement;

const isField = (element: unknown): element is Field =>
  element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type !== "radio");

export const focusedField = (): Field | null => (isField(document.activeElement) ? document.activeElement : null);

/** Starts to listen; returns how to stop. */
export function listenToScanner(hearing: Hearing): () => void {
  let wedge = QUIET;
  let timer = 0;
  let remembered: { field: Field; value: string; start: number | null; end: number | null } | null = null;

  function obey(effects: WedgeEffect[]): boolean {
    let stopped = false;
    for (const effect of effects) {
      switch (effect.do) {
        case "remember": {
          const field = focusedField();
          remembered = field && { field, value: field.value, start: field.selectionStart, end: field.selectionEnd };
          hearing.remember();
          break;
        }
        case "restore":
          if (remembered) {
            write(remembered.field, remembered.value);
            remembered.field.setSelectionRange(remembered.start, remembered.end);
          }
          hearing.restore();
          break;
        case "type":
          if (!insert(effect.text)) hearing.type(effect.text);
          break;
        case "scan":
          deliver(effect.code);
          break;
        case "keep":
        case "swallow":
          stopped = true;
      }
    }
    return stopped;
  }

  function deliver(code: string) {
    const field = focusedField();
    if (field?.dataset.scan !== "accept") return hearing.scan(code);
    write(field, code);
    field.dispatchEvent(new CustomEvent("scanned", { detail: code, bubbles: true }));
  }

  function down(event: KeyboardEvent) {
    const key = readKey(event as KeyPress, event.timeStamp);
    if (!key) return;
    const step = press(wedge, key, hearing.profile());
    wedge = step.wedge;
    clearTimeout(timer);
    if (wedge.burst) {
      timer = window.setTimeout(() => {
        const settled = settle(wedge);
        wedge = settled.wedge;
        obey(settled.effects);
      }, hearing.profile().longest);
    }
    if (!obey(step.effects)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  window.addEventListener("keydown", down, { capture: true });
  return () => {
    clearTimeout(timer);
    window.removeEventListener("keydown", down, { capture: true });
  };
}

/** Writes a value so that React hears of it. */
function write(field: Field, value: string) {
  const prototype = field instanceof HTMLInputElement ? HTMLInputElement.prototype : HTMLTextAreaElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function insert(text: string): boolean {
  const field = focusedField();
  if (!field) return false;
  const start = field.selectionStart ?? field.value.length;
  const end = field.selectionEnd ?? start;
  write(field, field.value.slice(0, start) + text + field.value.slice(end));
  field.setSelectionRange(start + text.length, start + text.length);
  return true;
}
