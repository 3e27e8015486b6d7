// Which of the three layouts fits, from the effective width: pixels divided by how much the till's scale enlarges everything. The scale
// is a matter of millimetres under a finger, not of the screen's resolution.

import type { Theme } from "../door/types.ts";

export type Layout = "compact" | "standard" | "wide";

export const layoutOf = (effectiveWidth: number): Layout =>
  effectiveWidth >= 1600 ? "wide" : effectiveWidth >= 1200 ? "standard" : "compact";

/** The scale may never make the window effectively smaller than this. */
const SMALLEST = { width: 1000, height: 660 };

export const cappedScale = (wanted: number, width: number, height: number): number =>
  Math.max(
    1,
    Math.min(wanted, Math.floor((width / SMALLEST.width) * 20) / 20, Math.floor((height / SMALLEST.height) * 20) / 20),
  );

/** Writes theme, scale and layout to the document, where the style sheets read them. */
export function applyLook(theme: Theme, wanted: number): void {
  const root = document.documentElement;
  const scale = cappedScale(wanted, window.innerWidth, window.innerHeight);
  root.dataset.layout = layoutOf(window.innerWidth / scale);
  root.style.setProperty("--scale", String(scale));
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
}
