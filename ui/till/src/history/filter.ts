// The filter of History as text: tokens are words in it, so that what is tapped and what is typed are one thing.

const words = (filter: string): string[] => filter.split(/\s+/).filter((word) => word !== "");

/** The filter with a token put in, or taken out where it was. */
export function withToken(filter: string, token: string): string {
  const all = words(filter);
  return (all.includes(token) ? all.filter((word) => word !== token) : [...all, token]).join(" ");
}

/** Weaker filters for when nothing matches: each without one of its words, and none at all. */
export function relaxed(filter: string): string[] {
  const all = words(filter);
  const weaker = all.map((_, index) => all.filter((_word, other) => other !== index).join(" "));
  return [...new Set([...weaker, ""])];
}
