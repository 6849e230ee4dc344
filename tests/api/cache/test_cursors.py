"""Cursors of sync come back as they were sealed, to whom they were sealed for, and fit into an address."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.cache.cursors import MOST, Cursor, Place, is_newest
from models.changes import JUMP
from models.keyring import new_keyring

RING = new_keyring("2026-01-01T00:00:00Z")
MEMBER, OTHER = UUID(int=1), UUID(int=2)
NUMBERS = st.integers(0, 2**53)
PLACES = st.dictionaries(
    st.tuples(st.integers(1, 10**6), st.integers(-1, 63)),
    st.builds(Place, st.integers(-1, 2**53), NUMBERS),
    max_size=12,
)


@given(st.integers(-1, 2**53), PLACES)
def test_what_was_sealed_is_opened_by_its_member_alone(own: int, places: dict[tuple[int, int], Place]) -> None:
    text = Cursor(own, places).seal(RING, MEMBER)
    assert Cursor.open(RING, MEMBER, text) == Cursor(own, places)
    assert Cursor.open(RING, OTHER, text) is None
    assert Cursor.open(RING, MEMBER, text[:-1]) is None


def test_forty_roles_far_from_each_other_fit_after_many_years() -> None:
    """Eight branches above each, with numbers as they are after a restore."""
    number = 10**6 * JUMP
    places = {(200_000 + n, 0): Place(number + n) for n in range(40 * 8)}
    text = Cursor(number, places).seal(RING, MEMBER)
    assert len(text) <= MOST
    opened = Cursor.open(RING, MEMBER, text)
    assert opened is not None
    assert opened.places == places


def test_a_cursor_of_an_older_key_is_good_and_known_for_it() -> None:
    text = Cursor(5).seal(RING, MEMBER)
    rotated = RING.rotated("2026-02-01T00:00:00Z")
    assert Cursor.open(rotated, MEMBER, text) == Cursor(5)
    assert (is_newest(RING, text), is_newest(rotated, text)) == (True, False)
    assert Cursor.open(rotated.pruned(1), MEMBER, text) is None
