"""Two processes of one server, whose people can sign in."""

import asyncio
from dataclasses import replace

import pytest
from fastapi import FastAPI

from api.parts import Parts
from api.security.passwords import Passwords
from tests.api.cache.conftest import other
from tests.api.identity import CHEAP, give_password
from tests.faults.conftest import is_long
from tests.organisation import Organisation

__all__ = ["is_long", "other"]


@pytest.fixture
async def processes(app: FastAPI, other: FastAPI, parts: Parts, organisation: Organisation) -> list[FastAPI]:
    """Either may write and answer; each hears of the other by looking at the log."""
    other.state.parts = replace(other.state.parts, passwords=Passwords(demo=False, hasher=CHEAP))
    for person in organisation.people.values():
        await give_password(parts, person.id)
    await asyncio.gather(*(each.state.parts.cache.follower.follow() for each in (app, other)))
    return [app, other]
