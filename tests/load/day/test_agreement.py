"""The day's many small phones hold what the phone holds that was built from the protocol's text."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.client.store import Store
from tests.client.syncing import apply
from tests.load.day.holding import Holding, digest

_CHANNELS = ("1:0", "5:0", "5:-1")


def answer(rng: Random, turn: int) -> dict[str, Any]:
    """What a server might say, and some of what it should not."""
    entries = []
    for name in rng.sample(_CHANNELS, rng.randint(0, len(_CHANNELS))):
        numbers = rng.sample(range(12), rng.randint(0, 4))
        things = [
            {"kind": rng.choice(("notice", "branch", "quiz")), "id": f"t{number}", "seq": turn * 20 + number}
            for number in numbers
        ]
        gone = [f"t{number}" for number in rng.sample(range(12), rng.randint(0, 2)) if number not in numbers]
        check = {"complete": rng.random() < 0.3, "count": 0, "digest": digest([])}
        entries.append({"channel": name, "reset": rng.random() < 0.2, "things": things, "removed": gone, **check})
    return {
        "cursor": f"c{turn}" if rng.random() < 0.9 else None,
        "more": False,
        "me": None,
        "dropped": rng.sample(_CHANNELS, 1) if rng.random() < 0.1 else [],
        "channels": entries,
    }


@pytest.mark.parametrize("seed", range(20))
def test_they_hold_the_same(tmp_path: Path, seed: int) -> None:
    rng, store, holding = Random(seed), Store(tmp_path / "store.db"), Holding()
    for turn in range(30):
        said = answer(rng, turn)
        amiss = holding.apply(said)
        with store.transaction():
            apply(store, said)
        held = {
            thing.id: (name, thing.seq, thing.kind) for name, things in holding.channels.items() for thing in things
        }
        expected = {id_: (one["channel"], one["seq"], one["kind"]) for id_, one in store.things().items()}
        assert held == expected
        assert holding.cursor == store.value("cursor")
        assert set(amiss) <= set(store.doubts())
        for name, things in holding.channels.items():
            assert (len(things), digest(things)) == store.digest(name)
    store.close()
