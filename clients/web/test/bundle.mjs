// Writes gen: the messages for the browser, and the test's page as one script.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const root = path.resolve(here, "../..");
const own = path.join(root, ".venv/bin/python");
const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");
const googleapis = execFileSync(python, ["-c", "import google.rpc; print(list(google.rpc.__path__)[0])"], { encoding: "utf8" });
const out = path.join(here, "gen");
mkdirSync(out, { recursive: true });
execFileSync(
  python,
  [
    "-m", "grpc_tools.protoc", `-I${root}/protos`, `-I${path.resolve(googleapis.trim(), "../..")}`,
    `--plugin=protoc-gen-es=${here}/node_modules/.bin/protoc-gen-es`, `--es_out=${out}`, "--es_opt=target=js,import_extension=js",
    ...readdirSync(`${root}/protos/footlight/v1`).map((name) => `footlight/v1/${name}`), "google/rpc/error_details.proto",
  ],
  { stdio: "inherit" },
);
for (const name of ["connect", "asked"]) {
  await build({ entryPoints: [`${here}/test/${name}.js`], bundle: true, format: "esm", outfile: `${out}/${name}-test.js`, logLevel: "warning" });
}
