// Tokens as CSS custom properties, for light, dark, and "as the system has it".

import { DARK, LIGHT, type Palette, SPACE, TYPE } from "./tokens.ts";

function colours(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");
}

export function styleSheet(): string {
  const type = Object.entries(TYPE).map(
    ([name, [size, line, weight]]) => `--t-${name}:${weight} ${size}px/${line}px var(--face)`,
  );
  const space = SPACE.map((size) => `--s-${size}:${size}px`);
  return [
    "@layer tokens{",
    `:root{--face:"Inter Variable",system-ui,sans-serif;${[...type, ...space].join(";")};color-scheme:light;${colours(LIGHT)}}`,
    `:root[data-theme="dark"]{color-scheme:dark;${colours(DARK)}}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme="light"]){color-scheme:dark;${colours(DARK)}}}`,
    "}",
  ].join("\n");
}
