"""Passwords: Argon2id in a bounded pool of threads, and what makes one acceptable."""

import asyncio
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.errors import Invalid, Unavailable

LEAST = 10
MOST = 128
DEMONSTRATION = "demo-"
"""Passwords that the demonstration prints begin so, and are refused everywhere else, whatever database they come
from.
"""
T = TypeVar("T")

_THREADS = 2
_QUEUE_MOST = 256
_TELLING = 4
"""A login shorter than this is found in many a good password."""
_COMMON = frozenset({"1234567890", "0123456789", "0987654321", "matkhau123", "password123", "qwertyuiop", "1111111111"})


class Passwords:
    """One hash takes some 100 ms and 64 MiB: `_THREADS` run at a time, and a queue that grew too long is refused."""

    def __init__(self, *, demo: bool, hasher: Argon2Hasher | None = None) -> None:
        self._demo = demo
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many are hashed or wait to be."""
        return self._waiting

    def require_good(self, password: str, logins: Iterable[str], pointer: str) -> None:
        """Raises Invalid at `pointer`. The rules are NIST SP 800-63B's: length, and what everybody tries first."""
        said = _normal(password)
        folded = said.casefold()
        if len(said) < LEAST:
            raise Invalid.at(pointer, "string_too_short", min_length=LEAST)
        if said.startswith(DEMONSTRATION) and not self._demo:
            raise Invalid.at(pointer, "password.demonstration")
        if any(len(login) >= _TELLING and _normal(login).casefold() in folded for login in logins):
            raise Invalid.at(pointer, "password.contains_login")
        if folded in _COMMON or len(set(folded)) < 4:
            raise Invalid.at(pointer, "password.too_common")

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hash.hash(_normal(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Takes as long when there is no such account. Demonstration passwords are good in the demonstration alone."""
        said = _normal(password)
        matches = await self._run(lambda: self._matches(said, stored))
        return matches and stored is not None and (self._demo or not said.startswith(DEMONSTRATION))

    def _matches(self, said: str, stored: str | None) -> bool:
        nobodys = self._nobodys  # made by the first to verify anything, who so learns nothing from it
        return self._hash.verify(said, stored or nobodys)

    @cached_property
    def _nobodys(self) -> str:
        return self._hash.hash("the password of nobody at all")

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _QUEUE_MOST:
            raise Unavailable
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _normal(password: str) -> str:
    """NFKC (RFC 8265), so that every keyboard's way of writing the same password is the same."""
    return unicodedata.normalize("NFKC", password)
