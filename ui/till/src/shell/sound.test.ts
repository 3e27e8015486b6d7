// What is not heard is shown, a refusal is always shown, and no row of sounds makes the window flicker.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Ask } from "../door/door.ts";
import type { Settings, Sound } from "../door/types.ts";
import { counterOver } from "./counter.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A window over a till that only plays, and what it was asked to play. */
function over(heard: boolean | "no answer") {
  const asked: string[] = [];
  const ask = (async (request: { ask: string; sound?: Sound }) => {
    if (request.ask !== "play") throw new Error(`asked for ${request.ask}`);
    asked.push(request.sound ?? "");
    if (heard === "no answer") throw new Error("no answer");
    return { heard };
  }) as unknown as Ask;
  return { counter: counterOver({ ask, changed: () => () => undefined }), asked };
}

test.each([
  ["paid", true, null],
  ["paid", false, "paid"],
  ["paid", "no answer", "paid"],
  ["attention", false, "attention"],
  ["refused", true, "refused"],
  ["refused", false, "refused"],
] as const)("%s, heard: %s, flashes: %s", async (sound, heard, flash) => {
  const { counter } = over(heard);
  await counter.play(sound);
  expect(counter.get().flash).toBe(flash);
  vi.advanceTimersByTime(400);
  expect(counter.get().flash).toBeNull();
});

test("a flash lasts its time whatever follows, and only a refusal takes its place", async () => {
  const { counter } = over(false);
  await counter.play("added");
  vi.advanceTimersByTime(300);
  await counter.play("added");
  expect(counter.get().flash).toBe("added");
  vi.advanceTimersByTime(100);
  expect(counter.get().flash).toBeNull();
  await counter.play("added");
  await counter.play("refused");
  expect(counter.get().flash).toBe("refused");
  vi.advanceTimersByTime(399);
  expect(counter.get().flash).toBe("refused");
});

test.each([
  [undefined, []],
  [false, []],
  [true, ["added"]],
] as const)("an item is heard only where somebody wants that (%s)", async (item_sound, expected) => {
  const { counter, asked } = over(true);
  if (item_sound !== undefined) counter.set({ settings: { item_sound } as Settings });
  await counter.sound("added");
  expect(asked).toEqual(expected);
});
