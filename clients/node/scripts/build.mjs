// Writes dist: ESM, CommonJS and types. Generates the messages first.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import "./generate.mjs";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(here);
rmSync("dist", { recursive: true, force: true });

const shared = { entryPoints: ["src/index.ts"], bundle: true, platform: "node", target: "node18", packages: "external", sourcemap: true };
await build({ ...shared, format: "esm", outfile: "dist/index.js" });
await build({ ...shared, format: "cjs", outfile: "dist/index.cjs" });
execFileSync("node_modules/.bin/tsc", { stdio: "inherit" });

// The types once more for require(): the same, under the names that CommonJS looks for.
for (const name of readdirSync("dist", { recursive: true }).map(String)) {
  if (!name.endsWith(".d.ts")) continue;
  const text = readFileSync(path.join("dist", name), "utf8");
  writeFileSync(path.join("dist", name.replace(/\.d\.ts$/, ".d.cts")), text.replaceAll(/(from "\.[^"]+)\.js"/g, '$1.cjs"'));
}
