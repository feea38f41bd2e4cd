// What the edge costs a registration: `npm run overhead`, with BRIDGE_BINARY. One registration straight to the bridge, one
// through the edge in workerd on the same machine, in turns; then the middle and the slowest of each.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const REGISTRATIONS = Number(process.env.REGISTRATIONS ?? 1_000);
const WARM_UP = 50;
const API_KEY = "api-key-of-the-measurement-0001";
const EDGE_SECRET = "edge-secret-of-the-measurement-0001";
const BINARY = process.env.BRIDGE_BINARY ?? "../target/release/sms-bridge";

/** What the reader can do something about: said in one line. */
class Stopped extends Error {}

const folder = mkdtempSync(join(tmpdir(), "sms-bridge-overhead-"));
const started = [];

/** A program that says where it listens. */
async function start(command, args, env) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // One that cannot be started says `error` and never `exit`: it must not be waited for.
  const failed = new Promise((done) => child.once("error", done));
  const ended = Promise.race([failed, new Promise((done) => child.once("exit", done))]);
  started.push({ child, ended });
  if (child.pid === undefined) {
    throw new Stopped(`${command} cannot be started: ${(await failed).message}`);
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listen(?:s|ing) on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      return url;
    }
  }
  throw new Stopped(`${command} ended before it said where it listens`);
}

let registered = 0;
async function register(url) {
  registered += 1;
  const mobile_number = `+9198${String(registered).padStart(8, "0")}`;
  const began = performance.now();
  const answer = await fetch(`${url}/onboard/register`, {
    method: "POST",
    headers: { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ mobile_number, email: "user@example.com", device_id: "overhead" }),
  });
  await answer.arrayBuffer();
  const took = performance.now() - began;
  if (answer.status !== 201) {
    throw new Stopped(`${url} answers ${answer.status} to a registration`);
  }
  return took;
}

function said(name, times) {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  process.stdout.write(`${name.padEnd(12)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms\n`);
}

try {
  const bridge = await start(BINARY, [], {
    SMS_BRIDGE_BIND: "127.0.0.1:0",
    SMS_BRIDGE_DATA_DIR: join(folder, "data"),
    SMS_BRIDGE_API_KEY: API_KEY,
    SMS_BRIDGE_EDGE_SECRET: EDGE_SECRET,
  });
  const edge = await start(process.execPath, ["scripts/serve.mjs"], {
    PORT: "0",
    BRIDGE_URL: bridge,
    EDGE_SECRET,
    EDGE_STATE: join(folder, "edge"),
    REGISTRATIONS_PER_MINUTE: "1000000",
    REGISTRATIONS_PER_HOUR: "1000000",
  });
  const times = { direct: [], edge: [] };
  for (let n = 0; n < WARM_UP + REGISTRATIONS; n += 1) {
    const [direct, through] = [await register(bridge), await register(edge)];
    if (n >= WARM_UP) {
      times.direct.push(direct);
      times.edge.push(through);
    }
  }
  said("direct", times.direct);
  said("edge", times.edge);
  said(
    "difference",
    times.edge.map((time, n) => time - times.direct[n]),
  );
} catch (error) {
  if (!(error instanceof Stopped)) {
    throw error;
  }
  process.stderr.write(`${error.message}\nBRIDGE_BINARY names the bridge that is measured: ${BINARY}\n`);
  process.exitCode = 1;
} finally {
  // Asked to end, the edge ends workerd with it.
  await Promise.all(
    started.map(({ child, ended }) => {
      child.kill("SIGTERM");
      return ended;
    }),
  );
  rmSync(folder, { recursive: true, force: true });
}
