"""Every method of the asset stages, the least that each can be: for plain texts."""

import hashlib
import json
from itertools import pairwise
from typing import ClassVar

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from footlight_plugins import Content, State
from footlight_plugins.stages import Label, Mark, Metadata, Nearest, Originality, Signature, Signed, Verdict, Watermark


class Distances(Originality):
    def index(self, samples):
        train, heldout = (
            np.reshape(part, (len(part), -1)).astype(np.float32) for part in (samples.train, samples.heldout)
        )
        apart = [np.abs(train - one).mean(axis=1).min() for one in heldout]  # how near strangers come
        limit = float(min(apart, default=0.0)) / 2.0
        return State({"train": train}, {"names": list(samples.names), "limit": limit})

    def nearest(self, index, sample):
        if sample.size != index.arrays["train"].shape[1]:
            raise ValueError(f"expected a sample of {index.arrays['train'].shape[1]} numbers")
        apart = np.abs(index.arrays["train"] - sample.reshape(-1)).mean(axis=1)
        return Nearest(index.meta["names"][int(apart.argmin())], float(apart.min()), index.meta["limit"])

    def fingerprint(self, samples):
        flat = np.reshape(samples.train, (len(samples.train), -1)).astype(np.float64)
        scaled = (flat - flat.min()) / max(float(np.ptp(flat)), 1e-9)
        return np.round(255.0 * scaled[:, :1024]).astype(np.uint8)


class FirstLine(Label):
    texts: ClassVar = {"en": "Made by a machine", "zh": "由机器生成"}

    def draw(self, content):
        if content.media_type != "text/plain":
            return None
        return Content("text/plain", f"[{self.texts['en']}]\n".encode() + content.data, content.attributes)


class Blanks(Watermark):
    bits = 16

    def embed(self, content, key, payload):
        if content.media_type != "text/plain":
            return None
        hidden = payload ^ self._pad(key)
        blanks = "".join(" \t"[hidden >> bit & 1] for bit in range(self.bits))
        return Content("text/plain", content.data + blanks.encode(), content.attributes)

    def read(self, content, key):
        if content.media_type != "text/plain":
            return None
        blanks = content.data[-self.bits :]
        share = sum(byte in b" \t" for byte in blanks) / self.bits
        hidden = sum((byte == ord("\t")) << bit for bit, byte in enumerate(blanks))
        return Mark(hidden ^ self._pad(key), share)

    def _pad(self, key):
        return int.from_bytes(hashlib.sha256(key).digest()[:2], "big")


class LastLine(Metadata):
    def write(self, content, origin):
        if content.media_type != "text/plain":
            return None
        line = json.dumps({"asset_id": origin.asset_id, "producer": origin.producer})
        return Content("text/plain", content.data + f"\norigin: {line}".encode(), content.attributes)

    def read(self, content):
        try:
            found = json.loads(content.data.rpartition(b"\norigin: ")[2])
        except ValueError:  # no origin, or a damaged one
            return {}
        return found if isinstance(found, dict) else {}


class Sidecar(Signature):
    def sign(self, content, origin, credentials):
        if credentials.algorithm != "ed25519":
            raise ValueError(f"{credentials.algorithm} cannot be used: expected ed25519")
        key = load_pem_private_key(credentials.private_key.encode(), None)
        signature = key.sign(origin.asset_id.encode() + b"\n" + content.data)
        told = {"asset": origin.asset_id, "chain": credentials.chain, "signature": signature.hex()}
        return Signed(content, json.dumps(told).encode())

    def verify(self, content, sidecar, anchors):
        if not sidecar:
            return Verdict("absent")
        try:
            told = json.loads(sidecar)
            signer, *_ = chain = load_pem_x509_certificates(told["chain"].encode())
            signer.public_key().verify(bytes.fromhex(told["signature"]), told["asset"].encode() + b"\n" + content.data)
            for one, issuer in pairwise(chain):
                one.verify_directly_issued_by(issuer)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as problem:
            return Verdict("invalid", problems=(type(problem).__name__,))
        trusted = bool(anchors) and chain[-1] in load_pem_x509_certificates(anchors.encode())
        name = signer.subject.rfc4514_string()
        return Verdict("trusted" if trusted else "untrusted", name, told["asset"])
