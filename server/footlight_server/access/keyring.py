"""Finds out who calls, by the token that comes with the call.

The tokens' hashes are in memory, so that a call costs one hash and one look. The table is read anew when it has moved.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterable
from hashlib import sha256

from footlight_server.access.pace import Pace
from footlight_server.dispatch.asking import ANYBODY, Principal
from footlight_server.errors import FootlightError, Unauthenticated
from footlight_server.log.database import Database
from footlight_server.log.heads import Heads
from footlight_server.log.tokens import Token, read_tokens

log = logging.getLogger(__name__)

HEADER = "authorization"
SCHEME = "Bearer "

_Found = tuple[bytes, Principal]


class Keyring:
    """The tokens that open the door."""

    def __init__(self, database: Database, required: bool, shares: int = 1) -> None:
        """``required`` says that nobody comes in without a token; ``shares`` how many processes count a token's calls."""
        self._database = database
        self._required = required
        self._shares = shares
        self._found: dict[bytes, _Found] = {}
        self._paces: dict[str, Pace] = {}

    def load(self) -> None:
        """Read all tokens anew."""
        tokens = [token for token in read_tokens(self._database) if token.revoke_time is None]
        live = {token.token_id for token in tokens}
        self._paces = {token_id: pace for token_id, pace in self._paces.items() if token_id in live}
        self._found = {token.digest: (token.digest, self._principal(token)) for token in tokens}

    def hear(self, _: Heads) -> None:
        """A token was made or revoked, here or elsewhere."""
        try:
            self.load()
        except FootlightError as away:
            log.warning("the tokens could not be read: %s", away.message)

    def identify(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> Principal:
        """Who shows this metadata.

        Raises
        ------
        Unauthenticated
            When no token is shown where one is required, or one that opens nothing.
        ResourceExhausted
            When it calls faster than it may.
        """
        shown = [value for key, value in metadata or () if key == HEADER]
        if not shown:
            if self._required:
                raise Unauthenticated("a token is required: send it as 'authorization: Bearer TOKEN'", "TOKEN_MISSING")
            return ANYBODY
        principal = self._known(shown)
        principal.admit()
        return principal

    def _known(self, shown: list[str | bytes]) -> Principal:
        value = shown[0]
        if len(shown) == 1 and isinstance(value, str) and value.startswith(SCHEME):
            digest = sha256(value[len(SCHEME) :].encode()).digest()
            found = self._found.get(digest)
            if found is not None and hmac.compare_digest(found[0], digest):
                return found[1]
        raise Unauthenticated("the token is unknown, or was revoked", "TOKEN_INVALID")

    def _principal(self, token: Token) -> Principal:
        expires = None if token.expire_time is None else token.expire_time / 1e6
        pace = self._pace(token)

        def admit() -> None:
            if token.digest not in self._found:
                raise Unauthenticated("the token was revoked", "TOKEN_INVALID")
            if expires is not None and time.time() >= expires:
                raise Unauthenticated("the token has expired", "TOKEN_EXPIRED")
            if pace is not None:
                pace.take()

        return Principal(token.tenant, f"token {token.token_id}", frozenset(token.scopes), admit)

    def _pace(self, token: Token) -> Pace | None:
        """The same bucket as before where the token had one: reading the table anew does not fill it."""
        if not token.rate:
            return None
        return self._paces.setdefault(token.token_id, Pace(token.rate / self._shares))
