// The catalogue keeps its promises: every message that is asked for exists, none is left over, and no sentence sounds like a machine.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultText, hasText, text } from "./text.ts";

const SOURCE = join(import.meta.dirname, "..");
const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
  .map((name) => readFileSync(join(SOURCE, name), "utf8"));
const catalogue = readFileSync(join(SOURCE, "texts/en.ftl"), "utf8");
const messages = [...catalogue.matchAll(/^([a-z][a-z0-9-]*) =/gm)].map((match) => match[1] ?? "");

test("every message that a screen names exists", () => {
  for (const file of files) {
    for (const [, id = ""] of file.matchAll(/\btext\(\s*"([a-z0-9-]+)"/g)) expect(hasText(id), id).toBe(true);
  }
});

test("no message is left over", () => {
  const quoted = files.flatMap((file) =>
    [...file.matchAll(/["'`]([a-z][a-z0-9-]+)(?:["'`]|\$\{|-\$\{)/g)].map((match) => match[1] ?? ""),
  );
  const named = new Set(quoted);
  const begun = [
    ...quoted,
    ...files.flatMap((file) => [...file.matchAll(/`([a-z-]+-)\$\{/g)].map((match) => match[1] ?? "")),
  ];
  const computed = begun.filter(
    (start) => start.endsWith("-") || files.some((file) => file.includes(`\`${start}-\${`)),
  );
  for (const id of messages) {
    const byTill = /^(?:fault|event|permission|tender-type|stopped)-/.test(id);
    expect(byTill || named.has(id) || computed.some((start) => id.startsWith(start)) || /-title$/.test(id), id).toBe(
      true,
    );
  }
});

test("no sentence blames, shouts or speaks of machinery", () => {
  const banned = /\b(?:error|invalid|failed|oops|are you sure|server|queue|sync|conflict|quarantine|fork)\b|!/i;
  const spoken = catalogue.split("\n").filter((line) => line.includes("=") && !line.startsWith("#"));
  for (const line of spoken) expect(line.slice(line.indexOf("=") + 1), line).not.toMatch(banned);
});

test("sentences for cashiers are short", () => {
  for (const line of catalogue.split("\n").filter((found) => found.includes(" = ") && !found.startsWith("#"))) {
    for (const sentence of line.slice(line.indexOf("=") + 1).split(/[.:?]\s/)) {
      expect(sentence.trim().split(/\s+/).length, sentence).toBeLessThanOrEqual(16);
    }
  }
});

test("a fault whose values are missing still reads as a sentence", () => {
  expect(faultText({ code: "wrong_pin", kind: "refused", values: {} })).toBe("That PIN did not match.");
  expect(faultText({ code: "wrong_pin", kind: "refused", values: { tries_left: 3 } })).toBe(
    "That PIN did not match. 3 tries left.",
  );
  expect(faultText({ code: "something_new", kind: "refused", values: {} })).toContain("something_new");
});

test("counts are written in words that fit them", () => {
  expect(text("cart-pieces", { count: 1, written: "1" })).toBe("1 item");
  expect(text("cart-pieces", { count: 2.5, written: "2.5" })).toBe("2.5 items");
});
