// Runs the Worker in workerd on this machine, as Cloudflare would: `npm run serve`, with PORT, BRIDGE_URL, EDGE_SECRET
// and every other variable of wrangler.jsonc from the environment. What the objects keep is in EDGE_STATE (.state).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";

const here = new URL("..", import.meta.url).pathname;
process.chdir(here);
const config = unstable_readConfig({ config: "wrangler.jsonc" });
const bundle = mkdtempSync(join(tmpdir(), "sms-bridge-edge-"));
execFileSync(
  process.execPath,
  ["node_modules/wrangler/bin/wrangler.js", "deploy", "--dry-run", "--outdir", bundle],
  {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  },
);

// Names of variables stand in wrangler.jsonc and src/env.ts: whatever of these is set here counts.
const declared = readFileSync("src/env.ts", "utf8").matchAll(/^ {2}([A-Z_]+)\?: string;$/gm);
const names = Array.from(declared, ([, name]) => name);
const given = Object.fromEntries(
  names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]),
);

const objects = config.durable_objects.bindings.map(({ name, class_name }) => [
  name,
  { className: class_name, useSQLite: true },
]);
const limits = config.ratelimits.map(({ name, simple }) => [name, { simple }]);
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: Number(process.env.PORT ?? 8787),
  modules: true,
  scriptPath: join(bundle, "index.js"),
  modulesRoot: bundle,
  compatibilityDate: config.compatibility_date,
  compatibilityFlags: config.compatibility_flags,
  cf: false,
  bindings: { ...config.vars, ...given },
  durableObjects: Object.fromEntries(objects),
  durableObjectsPersist: process.env.EDGE_STATE ?? ".state",
  ratelimits: Object.fromEntries(limits),
  log: new Log(LogLevel.WARN),
});
const url = await miniflare.ready;
rmSync(bundle, { recursive: true });
process.stdout.write(`the edge listens on ${url.origin}\n`);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await miniflare.dispose();
    process.exit(0);
  });
}
