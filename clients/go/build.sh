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

"$here/generate.sh" "$source"

export GO111MODULE=off GOPATH="$out:/usr/share/gocode" GOFLAGS=-p=2
cd "$source"
go vet ./... 
go build -o "$out/conformance" "$module/conformance"
