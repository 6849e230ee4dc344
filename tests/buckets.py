"""A server that speaks S3, as a process of its own on loopback, and buckets in it."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from content.object_files import Bucket

PATIENCE = 60.0  # seconds to start; a loaded machine is slow


@contextmanager
def object_storage() -> Iterator[str]:
    """Where it answers; all that it holds goes with the context."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "HOME": tempfile.gettempdir()},  # nobody's credentials
        )
        try:
            yield _once_ready(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()
            process.wait()


def _once_ready(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return url
        time.sleep(0.05)
    raise TimeoutError("the S3 server does not answer")


def new_bucket(url: str, prefix: str = "so-tay") -> Bucket:
    name = f"handbook-{secrets.token_hex(6)}"
    httpx.put(f"{url}/{name}").raise_for_status()
    return Bucket(name, prefix, endpoint=url, key="key", secret="secret")
