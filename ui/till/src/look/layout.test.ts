// The three layouts and the scale follow from the table of panels that the design was measured on.

import { expect, test } from "vitest";
import { cappedScale, layoutOf } from "./layout.ts";

test.each([
  [1024, 768, 1, 1, "compact"],
  [1280, 800, 1.1, 1.1, "compact"],
  [1280, 800, 1.4, 1.2, "compact"],
  [1366, 768, 1, 1, "standard"],
  [1920, 1080, 1.25, 1.25, "standard"],
  [1920, 1080, 1, 1, "wide"],
  [800, 600, 1.5, 1, "compact"],
])("a screen of %d × %d at %d is shown at %d, %s", (width, height, wanted, scale, layout) => {
  expect(cappedScale(wanted, width, height)).toBe(scale);
  expect(layoutOf(width / scale)).toBe(layout);
});
