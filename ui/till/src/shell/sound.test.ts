// Sounds never stand in the way, let go of the device, and a refusal is louder than anything else.

import { afterEach, expect, test, vi } from "vitest";
import { loudness, play, SOUNDS } from "./sound.ts";

afterEach(() => vi.unstubAllGlobals());

test("where there is no sound, nothing happens", () => {
  vi.stubGlobal("AudioContext", undefined);
  for (const sound of SOUNDS) expect(() => play(sound, 100)).not.toThrow();
});

test("a device that cannot be had is not missed", () => {
  vi.stubGlobal(
    "AudioContext",
    class {
      constructor() {
        throw new Error("no device");
      }
    },
  );
  expect(() => play("refused", 100)).not.toThrow();
});

test("the device is let go of after the last tone", () => {
  const tones: { onended: () => void }[] = [];
  const close = vi.fn(async () => undefined);
  const level = { gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, connect() {} };
  vi.stubGlobal(
    "AudioContext",
    class {
      currentTime = 0;
      state = "running";
      close = close;
      createGain = () => level;
      createOscillator() {
        const tone = { frequency: { value: 0 }, connect: () => level, start() {}, stop() {}, onended() {} };
        tones.push(tone);
        return tone;
      }
    },
  );
  play("attention", 0);
  expect(tones).toHaveLength(0);
  play("attention", 70);
  expect(tones).toHaveLength(3);
  expect(close).not.toHaveBeenCalled();
  tones[2]?.onended?.();
  expect(close).toHaveBeenCalledOnce();
});

test("volume makes it quieter in proportion", () => {
  expect(loudness(-6, 100)).toBeCloseTo(0.501, 3);
  expect(loudness(-6, 50)).toBeCloseTo(0.25, 2);
  expect(loudness(-18, 100)).toBeLessThan(loudness(-6, 100));
});
