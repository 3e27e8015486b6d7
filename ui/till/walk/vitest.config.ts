// The walks that need a till are run by themselves, never with the unit tests.

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { environment: "node", include: ["walk/**/*.test.ts"], root: "." } });
