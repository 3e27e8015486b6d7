// A list of rows of one height, of which only those in view are drawn. A till with fifty thousand products and a cart of two hundred
// lines cost the same as ten of each.

import { type RefObject, useLayoutEffect, useState } from "react";

export type InView = { first: number; count: number; width: number };

/** Which rows of a scrolling element are in view, with one more at each end. */
export function useRows(scroller: RefObject<HTMLElement | null>, rowHeight: number): InView {
  const [inView, setInView] = useState<InView>({ first: 0, count: 8, width: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - 1);
      const count = Math.ceil(element.clientHeight / rowHeight) + 2;
      const width = element.clientWidth;
      setInView((before) =>
        before.first === first && before.count === count && before.width === width ? before : { first, count, width },
      );
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [scroller, rowHeight]);
  return inView;
}
