// Builds the window as it would be in another tongue: the same sources, another catalogue, and the direction that goes with it.

import { join } from "node:path";
import { build } from "vite";
import { TONGUES } from "./words.mjs";

const ROOT = join(import.meta.dirname, "..");

/** Builds into a folder and gives it. */
export async function buildIn(tongue, folder) {
  const { lang, dir, catalogue } = TONGUES[tongue];
  const spoken = {
    name: "tongue",
    enforce: "pre",
    load: (id) => (id.endsWith("/texts/en.ftl?raw") ? `export default ${JSON.stringify(catalogue)}` : undefined),
    transformIndexHtml: (html) => html.replace('lang="en"', `lang="${lang}" dir="${dir}"`),
  };
  await build({
    root: ROOT,
    configFile: join(ROOT, "vite.config.ts"),
    logLevel: "error",
    plugins: [spoken],
    build: { outDir: folder, emptyOutDir: true },
  });
  return folder;
}
