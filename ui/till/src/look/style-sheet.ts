// Tokens as CSS custom properties: light, dark, much contrast in both, and "as the system has it".

import { DARK, EDGES, HIGH, HIGH_DARK, HIGH_EDGES, LIGHT, type Palette, SPACE, TYPE } from "./tokens.ts";

function written(properties: Record<string, string>): string {
  return Object.entries(properties)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");
}

const look = (scheme: "light" | "dark", palette: Palette, edges: typeof EDGES) =>
  `{color-scheme:${scheme};${written(palette)};${written(edges)}}`;

export function styleSheet(): string {
  const type = Object.entries(TYPE).map(
    ([name, [size, line, weight]]) => `--t-${name}:${weight} ${size}px/${line}px var(--face)`,
  );
  const space = SPACE.map((size) => `--s-${size}:${size}px`);
  const [light, dark] = [look("light", LIGHT, EDGES), look("dark", DARK, EDGES)];
  const [high, highDark] = [look("light", HIGH, HIGH_EDGES), look("dark", HIGH_DARK, HIGH_EDGES)];
  // What is chosen at the till wins over what the system has; much contrast comes in light or dark as the system has it.
  return [
    "@layer tokens{",
    `:root{--face:"Inter Variable",system-ui,sans-serif;${[...type, ...space].join(";")}}`,
    `:root${light}`,
    `:root[data-theme="dark"]${dark}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme="light"])${dark}}`,
    `:root[data-theme="high"]${high}`,
    `@media (prefers-contrast:more){:root:not([data-theme])${high}}`,
    `@media (prefers-color-scheme:dark){:root[data-theme="high"]${highDark}}`,
    `@media (prefers-contrast:more) and (prefers-color-scheme:dark){:root:not([data-theme])${highDark}}`,
    "}",
  ].join("\n");
}
