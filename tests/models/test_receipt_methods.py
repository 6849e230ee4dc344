"""Whose word a receipt is, whatever order the words come in."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.database import Database
from models.notices.drafts import create_notice
from models.notices.receipts import Noted, take_note
from models.notices.shapes import NoticeCreate
from models.notices.table import Receipt, ReceiptMethod
from models.permissions import OPERATOR
from tests.clock import StandingClock
from tests.organisation import Organisation

SAID = st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from(list(ReceiptMethod)))
"""Minutes ago, whether they took note, and whose word it is."""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(said=st.lists(SAID, min_size=1, max_size=5), cut=st.integers(0, 5), chance=st.randoms(use_true_random=False))
async def test_a_receipt_says_whose_word_the_most_that_it_says_is(
    database: Database,
    organisation: Organisation,
    clock: StandingClock,
    said: list[tuple[int, bool, ReceiptMethod]],
    cut: int,
    chance: Random,
) -> None:
    whose = [organisation.person(name).id for name in ("member", "fellow")]
    async with database.writing() as session:
        data = NoticeCreate(branch_id=organisation.branch("chibo").id, title="Họp", body="Mời họp.", publish=True)
        notice_id = (await create_notice(session, OPERATOR, data)).id
        shuffled = chance.sample(said, len(said))
        for member_id, words in zip(whose, (said, shuffled), strict=True):
            for part in (words[:cut], words[cut:]):
                await take_note(session, [noted(member_id, notice_id, one, clock.at) for one in part])
        stored = await session.scalars(select(Receipt))
        found = [(one.read_at, one.acknowledged_at, one.method) for one in stored]
        await session.rollback()
    acknowledged = [one for one in said if one[1]]
    most = acknowledged or said
    expected = (
        clock.at - timedelta(minutes=max(ago for ago, *_ in said)),
        clock.at - timedelta(minutes=max(ago for ago, *_ in acknowledged)) if acknowledged else None,
        ReceiptMethod.SELF if ReceiptMethod.SELF in {method for *_, method in most} else ReceiptMethod.TOLD,
    )
    assert found == [expected] * 2


def noted(member_id: UUID, notice_id: UUID, said: tuple[int, bool, ReceiptMethod], now: datetime) -> Noted:
    ago, is_acknowledged, method = said
    at = now - timedelta(minutes=ago)
    return Noted(member_id, notice_id, 1, at, at if is_acknowledged else None, method)
