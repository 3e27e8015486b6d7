// The window's catalogue for walks: the same words by which a person finds a button, in English and in two tongues that nobody speaks.
// Those are made here from the English catalogue, so that what a longer language or one from right to left does to a screen is seen before
// anybody has translated a word.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FluentBundle, FluentResource } from "@fluent/bundle";

const ENGLISH = readFileSync(join(import.meta.dirname, "../src/texts/en.ftl"), "utf8");

/** Each word grows by two fifths, as from English to German or Finnish: by its own end, so that it still can be read. */
const longer = (word) => word + word.slice(-Math.ceil(word.length * 0.4)).toLowerCase();
/** Each word is made to run from right to left, as in Hebrew or Arabic. */
const mirrored = (word) => `\u200f\u202e${word}\u202c\u200f`;

export const TONGUES = {
  english: { lang: "en", dir: "ltr", catalogue: ENGLISH },
  longer: { lang: "en-XA", dir: "ltr", catalogue: respelt(ENGLISH, longer) },
  mirrored: { lang: "ar-XB", dir: "rtl", catalogue: respelt(ENGLISH, mirrored) },
};

/** Gives what a message says in a tongue. */
export function wordsOf(tongue) {
  const bundle = new FluentBundle("en", { useIsolating: false });
  for (const problem of bundle.addResource(new FluentResource(TONGUES[tongue].catalogue))) throw problem;
  return (id, values) => {
    const message = bundle.getMessage(id);
    if (!message?.value) throw new Error(`the catalogue has no ${id}`);
    return bundle.formatPattern(message.value, values, null);
  };
}

/** The catalogue with every word of its sentences changed; ids, plural forms and what stands in braces stay. */
export function respelt(catalogue, change) {
  const line = /^((?:[a-z][\w-]* =|\s+\.[a-z]+ =|\s*\*?\[[\w-]+\])?\s*)(.*)$/;
  return catalogue
    .split("\n")
    .map((text) => {
      if (text.startsWith("#")) return text;
      const [, head, sentence] = line.exec(text);
      return (
        head +
        sentence.replace(/\{[^}]*\}?|\}|[\p{L}][\p{L}’']*/gu, (part) => (/^[{}]/.test(part) ? part : change(part)))
      );
    })
    .join("\n");
}
