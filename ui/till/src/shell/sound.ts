// What the counter hears. The scanner's own beep means "I read it"; these say what the till made of it: success is quiet, a refusal is loud
// and different in rhythm and pitch. An audio device is held only while something sounds, and silence stands in the way of nothing.

/** Hertz, one after another, and how loud at full volume. */
type Pattern = { tones: readonly number[]; each: number; decibels: number };

const PATTERNS = {
  added: { tones: [1320], each: 0.04, decibels: -18 },
  refused: { tones: [330, 247], each: 0.14, decibels: -6 },
  attention: { tones: [880, 660, 880], each: 0.08, decibels: -10 },
  paid: { tones: [660, 990], each: 0.07, decibels: -12 },
} as const satisfies Record<string, Pattern>;

export type Sound = keyof typeof PATTERNS;
export const SOUNDS = Object.keys(PATTERNS) as Sound[];

/** Rise and fall of a tone, so that it does not click. */
const EDGE = 0.006;

export const loudness = (decibels: number, volume: number): number => (volume / 100) * 10 ** (decibels / 20);

/** Plays a sound at the till's volume, 0 to 100. Silent where the window has no sound. */
export function play(sound: Sound, volume: number): void {
  if (volume <= 0 || typeof AudioContext === "undefined") return;
  try {
    const { tones, each, decibels } = PATTERNS[sound];
    const context = new AudioContext();
    const close = () => void context.close().catch(() => undefined);
    const start = context.currentTime + 0.01;
    tones.forEach((hertz, index) => {
      const from = start + index * each;
      const tone = context.createOscillator();
      const level = context.createGain();
      tone.frequency.value = hertz;
      level.gain.setValueAtTime(0, from);
      level.gain.linearRampToValueAtTime(loudness(decibels, volume), from + EDGE);
      level.gain.setValueAtTime(loudness(decibels, volume), from + each - EDGE);
      level.gain.linearRampToValueAtTime(0, from + each);
      tone.connect(level).connect(context.destination);
      tone.start(from);
      tone.stop(from + each);
      if (index === tones.length - 1) tone.onended = close;
    });
    // A device that never starts ends no tone either.
    setTimeout(() => context.state !== "closed" && close(), 2000);
  } catch {
    // No device, or no more of them: the screen says the same.
  }
}
