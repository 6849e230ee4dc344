"""What would be sent, as lines of JSON in a file: for development, and for tests that count."""

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import IO

from notifications.channels.payload import data_of
from notifications.channels.protocol import Endpoint, Outcome, Push, Sent


class FileChannel:
    """A PushChannel. One line a push: `{to, provider, alert, …data, collapse_id, urgent, ttl}`; `to` is a fingerprint
    of the address, the same for the same device, and nothing can be sent with it.
    """

    concurrency = 1

    def __init__(self, path: Path, public_url: str) -> None:
        self._path = path
        self._public_url = public_url
        self._file: IO[bytes] | None = None
        self._writing = asyncio.Lock()

    async def send(self, to: Endpoint, push: Push) -> Sent:
        line = {
            "to": fingerprint(to.address),
            "provider": to.provider,
            "alert": push.alert,
            **data_of(push, self._public_url),
            "collapse_id": push.collapse_id,
            "urgent": push.urgent,
            "ttl": int(push.ttl.total_seconds()),
        }
        async with self._writing:
            try:
                await asyncio.to_thread(self._append, json.dumps(line, ensure_ascii=False).encode() + b"\n")
            except OSError as error:
                return Sent(Outcome.RETRY, detail=type(error).__name__)
        return Sent(Outcome.SENT)

    async def close(self) -> None:
        async with self._writing:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _append(self, line: bytes) -> None:
        """In one write, so that lines of several processes do not mix; the file is its owner's alone."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._file.write(line)


def fingerprint(address: str) -> str:
    """Tells devices apart and is of no other use."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]
