// Says how large the bundle is, packed as Cloudflare counts it, and refuses one that is too large.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const MAX_KIB = 100;
const kib = gzipSync(readFileSync("dist/index.js")).length / 1024;
process.stdout.write(
  `the bundle has ${kib.toFixed(1)} KiB, packed with gzip; at most ${MAX_KIB} are allowed\n`,
);
process.exit(kib < MAX_KIB ? 0 : 1);
