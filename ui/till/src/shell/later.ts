// Screens that come in scripts of their own. They are fetched as soon as the window has nothing better to do, and a screen that is here
// already is drawn at once: React would first show nothing for a third of a second.

import { type ComponentType, lazy } from "react";

const fetches: (() => Promise<unknown>)[] = [];

/** Gives the screen as it is to be drawn. What it was drawn with first stays, so that nothing typed in it is lost. */
export function later<P>(load: () => Promise<{ default: ComponentType<P> }>): () => ComponentType<P> {
  let here: ComponentType<P> | null = null;
  let drawn: ComponentType<P> | null = null;
  const fetched = () =>
    load().then((module) => {
      here = module.default;
      return module;
    });
  const coming = lazy(fetched) as unknown as ComponentType<P>;
  fetches.push(fetched);
  return () => {
    drawn ??= here ?? coming;
    return drawn;
  };
}

/** Fetches every screen, one after another. One that cannot be had is asked for again when it is opened. */
export async function fetchAll(): Promise<void> {
  for (const fetched of fetches) await fetched().catch(() => undefined);
}
