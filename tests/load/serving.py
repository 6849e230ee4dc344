"""Baselines as tests start them, and the request that all of them answer."""

from pathlib import Path

import httpx

from tests.load.bench.pages import FEED
from tests.load.bench.processes import Running, serve, uvicorn


def served(name: str, folder: Path, environment: dict[str, str], ready: str = "/openapi.json") -> Running:
    """The baseline in module `name`, on any core; whoever asks for it stops it."""
    app = f"tests.load.baselines.{name}:app"
    return serve(name, uvicorn(app), environment, ready=ready, cores=None, log=folder / "log")


def feed(url: str, token: str, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"} | headers
    return httpx.get(f"{url}{FEED}", headers=given, timeout=30, trust_env=False)
