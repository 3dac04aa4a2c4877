#!/usr/bin/env bash
# Writes the messages and services of the wire into v1, for modules that `replace footlight.local/footlight` by this folder.
# Needs protoc, protoc-gen-go and protoc-gen-go-grpc. $PROTOS is where footlight/v1/*.proto are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
mkdir -p "$out"
cd "${PROTOS:-$here/../../protos}"
protoc -I. "--go_out=$out" --go_opt=module=footlight.local/footlight \
  "--go-grpc_out=$out" --go-grpc_opt=module=footlight.local/footlight,require_unimplemented_servers=false footlight/v1/*.proto
