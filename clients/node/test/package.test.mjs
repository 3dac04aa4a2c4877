// What another project gets of the package: what `npm pack` makes, in a folder of its own. Needs $FOOTLIGHT_ADDRESS.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { test } from "node:test";
import { AlreadyExists, Footlight } from "@footlight/client";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(path.join(tmpdir(), "footlight-project-"));
const run = (command, ...words) => execFileSync(command, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

install();
const [, example] = /```ts\n(.*?)```/s.exec(readFileSync(path.join(here, "README.md"), "utf8"));

/** The package beside its dependencies, as npm would lay it. */
function install() {
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: here, encoding: "utf8" }));
  const own = path.join(folder, "node_modules/@footlight/client");
  mkdirSync(own, { recursive: true });
  run("tar", "-xzf", filename, "-C", own, "--strip-components", "1");
  for (const name of ["@bufbuild", "@grpc", "@types"]) symlinkSync(path.join(here, "node_modules", name), path.join(folder, "node_modules", name));
}

/** The example, with a server that needs no certificate. */
function program(head) {
  const text = example.replace(/new Footlight\(.*\);/, "new Footlight(process.env.FOOTLIGHT_ADDRESS);").replace(/^import .*\n/, "");
  return `${head}\n(async () => {\n${text}\nclient.close();\n})();\n`;
}

test("the example of the README has the right types, in every way that TypeScript finds a package", () => {
  writeFileSync(path.join(folder, "typed.mts"), example);
  writeFileSync(path.join(folder, "typed.cts"), program('import { EndReason, EventKind, Footlight, saveAsset } from "@footlight/client";'));
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022", "--types", "node"];
  const tsc = path.join(here, "node_modules/.bin/tsc");
  assert.equal(run(tsc, ...strict, "--module", "nodenext", "typed.mts", "typed.cts"), "");
  assert.equal(run(tsc, ...strict, "--module", "esnext", "--moduleResolution", "bundler", "typed.mts"), "");
});

test("the example runs, as an ES module and by require", async () => {
  const client = new Footlight(process.env.FOOTLIGHT_ADDRESS);
  const space = (n) => ({ kind: { case: "discrete", value: { n } } });
  await client.interaction
    .createAgent({ agentId: "robot", deployment: "q-learning", observationSpace: space(4n), actionSpace: space(2n) })
    .catch((error) => assert.ok(error instanceof AlreadyExists));
  client.close();
  const names = "{ EndReason, EventKind, Footlight, saveAsset }";
  for (const [file, head] of [["run.mjs", `import ${names} from "@footlight/client";`], ["run.cjs", `const ${names} = require("@footlight/client");`]]) {
    writeFileSync(path.join(folder, file), program(head));
    assert.equal(run("node", file).trim().split("\n").length, 3);
  }
  assert.equal(readdirSync(path.join(folder, "pictures")).filter((name) => name.endsWith(".npy")).length, 4);
});

test("every name has its documentation", () => {
  const typedoc = path.join(here, "node_modules/.bin/typedoc");
  execFileSync(typedoc, ["--out", path.join(folder, "docs")], { cwd: here, stdio: ["ignore", "pipe", "pipe"] });
  assert.ok(readFileSync(path.join(folder, "docs/classes/Footlight.html"), "utf8").includes("Makes assets and gives each as it is done"));
});
