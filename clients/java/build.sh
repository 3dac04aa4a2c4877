#!/usr/bin/env bash
# Builds the client, its example and its conformance runner from Debian's packages alone, into the folder named: build.sh OUT
# Needs default-jdk-headless, libgrpc-java, libnetty-java, libnetty-tcnative-java, libnetty-tcnative-jni, libprotobuf-java, libgoogle-gson-java,
# libgeronimo-annotation-1.3-spec-java, libperfmark-java, protobuf-compiler and protobuf-compiler-grpc-java-plugin. With Maven: mvn package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?the folder to build in}"
out=$(cd "$1" && pwd)
jars=/usr/share/java
mkdir -p "$out/generated" "$out/classes" "$out/native"

protoc "-I$here/../../protos" "-I$here/../protos" "--java_out=$out/generated" "--grpc-java_out=$out/generated" \
  "--plugin=protoc-gen-grpc-java=$(command -v grpc_java_plugin || command -v protoc-gen-grpc-java)" "$here"/../../protos/footlight/v1/*.proto \
  "$here/../protos/footlight_rpc_details.proto"

classpath=$(printf '%s:' "$jars"/{grpc-api,grpc-core,grpc-context,grpc-netty,grpc-protobuf,grpc-protobuf-lite,grpc-stub}.jar \
  "$jars"/{protobuf,protobuf-util,guava,gson,geronimo-annotation-1.3-spec,opencensus-api,jsr305,perfmark-api,perfmark-impl}.jar \
  "$jars"/netty-{buffer,codec,codec-http,codec-http2,codec-socks,common,handler,handler-proxy,resolver,transport,tcnative}.jar)
# TLS needs OpenSSL: Debian's Netty cannot agree on HTTP/2 by Java's own. It looks for the library under this name.
cp -L /usr/lib/*/jni/libnetty-tcnative.so "$out/native/libnetty_tcnative.so"
find "$out/generated" "$here/src" -name '*.java' > "$out/sources"
javac -nowarn -J-Xmx600m -d "$out/classes" -cp "$classpath" "@$out/sources"
echo "$out/classes:$classpath" > "$out/classpath"
for program in footlight.Conformance Example; do
  name=$(tr '[:upper:]' '[:lower:]' <<< "${program##*.}")
  printf '#!/bin/sh\nexec java -Xshare:auto -XX:TieredStopAtLevel=1 -Djava.library.path="%s" -cp "%s" %s "$@"\n' \
    "$out/native" "$(cat "$out/classpath")" "$program" > "$out/$name"
  chmod +x "$out/$name"
done
