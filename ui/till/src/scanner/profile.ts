// How fast a scanner types. The numbers were simulated against people and busy machines: the median tells a scanner from a hand, a
// few long gaps tell a busy machine from a slow hand, and a check digit is asked for only where timing alone says too little.

export type Profile = {
  shortest: number;
  /** Milliseconds between two keys, in the middle of all gaps. */
  median: number;
  /** A longer pause ends a burst. */
  longest: number;
  /** Gaps beyond this count as stalls, of which a burst may have one in six characters. */
  stall: number;
  checkDigit: boolean;
};

export type ProfileName = "usb" | "bluetooth";

export const PROFILES: Record<ProfileName, Profile> = {
  usb: { shortest: 6, median: 35, longest: 250, stall: 105, checkDigit: false },
  bluetooth: { shortest: 8, median: 62, longest: 250, stall: 105, checkDigit: true },
};

/** The same code again within this time is the scanner bouncing, not a second piece. */
export const BOUNCE = 250;
/** A second key this soon after the first is no hand: nothing more is shown until the burst is decided. */
export const HOLD = 30;
