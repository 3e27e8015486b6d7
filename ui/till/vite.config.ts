// How the window is built: React, and one virtual style sheet made of the tokens, so that colours and sizes are written down once
// and the test that checks their contrast checks what the browser gets.

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { styleSheet } from "./src/look/style-sheet.ts";

const tokens: Plugin = {
  name: "tokens",
  resolveId: (id) => (id === "virtual:tokens.css" ? "\0virtual:tokens.css" : undefined),
  load: (id) => (id === "\0virtual:tokens.css" ? styleSheet() : undefined),
};

export default defineConfig({
  plugins: [react(), tokens],
  // Tauri serves the files from its own scheme and the test-only door from "/": relative addresses fit both.
  base: "./",
  // From the machine's own disk there is nothing to fetch ahead, and one style sheet keeps the page light.
  build: { target: ["safari16", "chrome115"], modulePreload: false, cssCodeSplit: false, chunkSizeWarningLimit: 600 },
  // Laws over a hundred thousand scans take their time where the machine is busy; none of them is about time.
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
});
