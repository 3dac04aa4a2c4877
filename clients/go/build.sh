#!/usr/bin/env bash
# Builds the client and its conformance runner from Debian's packages alone, into the folder named: build.sh OUT
# Needs golang-go, golang-google-grpc-dev, protobuf-compiler, golang-goprotobuf-dev and protoc-gen-go-grpc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?the folder to build in}
module=footlight.local/footlight
source="$out/src/$module"
mkdir -p "$source/v1" "$source/conformance"
cp "$here"/*.go "$source/"
cp "$here"/conformance/*.go "$source/conformance/"

cd "${PROTOS:-$here/../../protos}"
mapped=()
for file in footlight/v1/*.proto; do mapped+=("M$file=$module/v1"); done
options=$(IFS=,; echo "${mapped[*]}")
protoc -I. "--go_out=$out/src" "--go_opt=$options" "--go-grpc_out=$out/src" "--go-grpc_opt=$options,require_unimplemented_servers=false" footlight/v1/*.proto

export GO111MODULE=off GOPATH="$out:/usr/share/gocode" GOFLAGS=-p=2
cd "$source"
go vet ./... 
go build -o "$out/conformance" "$module/conformance"
