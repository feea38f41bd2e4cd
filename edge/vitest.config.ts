import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

// The tests run inside workerd, on the bindings of wrangler.jsonc. No port is opened and no bridge runs: each test
// says what the bridge answers.
export default defineConfig({
  test: { silent: "passed-only", reporters: ["default", "./scripts/result-line.mjs"] },
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        cf: false,
        bindings: { EDGE_SECRET: "edge-secret-of-the-tests-0001", BRIDGE_URL: "https://bridge.test" },
      },
    }),
  ],
});
