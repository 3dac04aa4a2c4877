// Writes src/gen: the messages and services of footlight.v1, and the error details of google.rpc.
// protoc comes with Python's grpcio-tools: the checkout's .venv has it, or name another interpreter in $PYTHON.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const root = path.resolve(here, "../..");
const out = path.join(here, "src/gen");
const own = path.join(root, ".venv/bin/python");
const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");

const googleapis = execFileSync(python, ["-c", "import google.rpc; print(list(google.rpc.__path__)[0])"], { encoding: "utf8" });
const protos = path.join(root, "protos");
const wire = readdirSync(path.join(protos, "footlight/v1")).filter((name) => name.endsWith(".proto"));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync(
  python,
  [
    "-m", "grpc_tools.protoc",
    `-I${protos}`, `-I${path.resolve(googleapis.trim(), "../..")}`,
    `--plugin=protoc-gen-es=${path.join(here, "node_modules/.bin/protoc-gen-es")}`,
    `--es_out=${out}`, "--es_opt=target=ts,import_extension=js",
    ...wire.map((name) => `footlight/v1/${name}`),
    "google/rpc/status.proto", "google/rpc/error_details.proto",
  ],
  { stdio: "inherit" },
);
