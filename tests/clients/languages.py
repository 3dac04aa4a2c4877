"""The clients of other languages: what each is built from, how, and how its conformance runner is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "clients"
BUILD = ROOT / "build" / "clients"
"""Kept from one run to the next."""
BUILD_SECONDS = 400


class Missing(Exception):
    """The machine lacks what a client is built from; the message says what."""


@dataclass(frozen=True, slots=True)
class Language:
    """How one client is built and run."""

    name: str
    programs: Sequence[str]
    """What must be on the path."""
    files: Sequence[str]
    """What else must be there."""
    packages: str
    """Where they come from."""
    build: Sequence[Sequence[str]]
    runner: Sequence[str]
    example: str = ""
    """The file, in the client's folder, of the program that the build puts beside the runner under the name `example`."""

    def made(self) -> list[str]:
        """Build it, and answer the command of its runner.

        Raises
        ------
        Missing
            When something is not there that it is built from.
        """
        lacking = [one for one in self.programs if shutil.which(one) is None]
        lacking += [one for one in self.files if not Path(one).exists()]
        if lacking:
            raise Missing(f"{self.name}: there is no {', '.join(lacking)}; Debian: apt-get install {self.packages}")
        (BUILD / self.name).mkdir(parents=True, exist_ok=True)
        for command in self.build:
            run(command, ROOT)
        return list(self.runner)


def run(command: Sequence[str], folder: Path) -> None:
    """Run one step of a build; what it printed is told where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode and command[:2] == ("npm", "ci"):
        raise Missing(f"npm's registry gave nothing: {done.stderr[-300:]}")
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def _out(name: str) -> str:
    return str(BUILD / name)


WEB = Language(
    "web",
    ("node", "npm", "chromium"),
    (),
    "chromium nodejs npm",
    (
        ("npm", "ci", "--prefix", "clients/web", "--no-audit", "--no-fund", "--silent"),
        ("node", "clients/web/test/bundle.mjs"),
    ),
    (),
)
_JOBS = str(min(4, os.cpu_count() or 1))
_GOCODE = "/usr/share/gocode/src/google.golang.org"
LANGUAGES = (  # what takes longest to build is begun first
    Language(
        "cpp",
        ("cmake", "c++", "protoc", "grpc_cpp_plugin"),
        ("/usr/include/grpcpp/grpcpp.h", "/usr/include/openssl/sha.h"),
        "cmake g++ libgrpc++-dev libprotobuf-dev libssl-dev protobuf-compiler protobuf-compiler-grpc",
        (
            (
                "cmake",
                "-S",
                "clients/cpp",
                "-B",
                _out("cpp"),
                "-DFOOTLIGHT_CONFORMANCE=ON",
                "-DFOOTLIGHT_EXAMPLE=ON",
                "-DCMAKE_UNITY_BUILD=ON",
            ),
            ("cmake", "--build", _out("cpp"), "-j", _JOBS),
        ),
        (f"{_out('cpp')}/conformance",),
        "example/main.cc",
    ),
    Language(
        "node",
        ("node", "npm"),
        (),
        "nodejs npm",
        (
            ("npm", "ci", "--prefix", "clients/node", "--no-audit", "--no-fund", "--silent"),
            ("npm", "run", "--prefix", "clients/node", "--silent", "build"),
        ),
        ("node", "clients/node/test/conformance.mjs"),
    ),
    Language(
        "go",
        ("go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc"),
        (f"{_GOCODE}/grpc", f"{_GOCODE}/protobuf", f"{_GOCODE}/genproto"),
        "golang-go golang-google-grpc-dev golang-github-golang-protobuf-1-5-dev protobuf-compiler protoc-gen-go"
        " protoc-gen-go-grpc",
        (("clients/go/build.sh", _out("go")),),
        (f"{_out('go')}/conformance",),
        "example/main.go",
    ),
    Language(
        "java",
        ("java", "javac", "protoc", "grpc_java_plugin"),
        tuple(
            f"/usr/share/java/{jar}.jar"
            for jar in ("grpc-netty", "netty-handler", "netty-tcnative", "protobuf-util", "gson", "perfmark-api")
        ),
        "default-jdk-headless libgrpc-java libnetty-java libnetty-tcnative-java libnetty-tcnative-jni"
        " libprotobuf-java libgoogle-gson-java libperfmark-java"
        " libgeronimo-annotation-1.3-spec-java protobuf-compiler protobuf-compiler-grpc-java-plugin",
        (("clients/java/build.sh", _out("java")),),
        (f"{_out('java')}/conformance",),
        "src/example/java/Example.java",
    ),
)
