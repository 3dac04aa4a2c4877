#!/usr/bin/env bash
# Builds the client, its example and its conformance runner from Debian's packages alone, into the folder named: build.sh OUT
# Needs golang-go, golang-google-grpc-dev, protobuf-compiler, golang-goprotobuf-dev and protoc-gen-go-grpc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?the folder to build in}"
out=$(cd "$1" && pwd)
module=footlight.local/footlight
source="$out/src/$module"
mkdir -p "$source/v1" "$source/conformance" "$source/example"
cp "$here"/*.go "$source/"
cp "$here"/conformance/*.go "$source/conformance/"
cp "$here"/example/*.go "$source/example/"

"$here/generate.sh" "$source"

export GO111MODULE=off GOPATH="$out:/usr/share/gocode" GOFLAGS=-p=2
cd "$source"
go vet ./... 
go build -o "$out/conformance" "$module/conformance"
go build -o "$out/example" "$module/example"
