"""Names of people in logs: a keyed hash, the same for the same person, which nobody without the key can turn back."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

FILE = "pseudonyms.key"
KEY_BYTES = 32


class Pseudonyms:
    """Turns user ids into what a log may hold."""

    def __init__(self, data_dir: Path) -> None:
        """The key lies in the data directory, and is made where there is none. Without it nobody is recognised again."""
        self._key = _key(data_dir / FILE)

    def of(self, user_id: str) -> str:
        """Sixteen hexadecimal digits for a person; nothing for nobody."""
        if not user_id:
            return ""
        return hashlib.blake2b(user_id.encode(errors="replace"), key=self._key, digest_size=8).hexdigest()


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        new = path.with_name(f"{FILE}.{os.getpid()}")
        new.write_bytes(secrets.token_bytes(KEY_BYTES))
        new.chmod(0o600)
        try:
            os.link(new, path)  # whoever comes second takes the first one's
        except FileExistsError:
            pass
        finally:
            new.unlink()
        key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path}: expected {KEY_BYTES} bytes, not {len(key)}: restore it, or remove it for a new one")
    return key
