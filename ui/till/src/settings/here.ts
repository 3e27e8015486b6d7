// What belongs to this machine's window alone and is nobody else's business: which kind of scanner is plugged in.

import type { ProfileName } from "../scanner/profile.ts";

const KEY = "daybook-scanner";

let profile: ProfileName = localStorage.getItem(KEY) === "bluetooth" ? "bluetooth" : "usb";

export const scannerProfile = (): ProfileName => profile;

export function setScannerProfile(next: ProfileName): void {
  profile = next;
  localStorage.setItem(KEY, next);
}
