"""From the outbox to providers' real wire formats and back: all that a notice is for has it, whatever they answer."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.database import Database
from models.deliveries.table import Delivery, DeliveryState
from models.devices.table import Destination, Device
from notifications import pacing
from notifications.channels.choice import channels
from notifications.channels.protocol import Provider
from notifications.deliver import Deliverer
from tests.clock import StandingClock
from tests.notifications.delivering.phones import give_device, means_of, publish
from tests.notifications.simulator import Behaviour, drop, fail, gone, hang, running_simulator, slow, throttle
from tests.notifications.simulator.elsewhere import channels_config, described
from tests.organisation import Organisation

NAMES = ("member", "fellow", "grouped", "clerk", "deputy", "secretary", "editor")
GONE = gone()
FAULTS: tuple[Behaviour | None, ...] = (None, throttle(30), fail(), GONE, hang(), slow(0.1), drop())
"""One for each of them, twice; what is gone is gone for good."""
_MINUTES = 180


async def test_all_have_it_whatever_providers_answer(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_FAILURES", 10**6)  # nobody's clock but the test's is to matter
    async with running_simulator() as simulator:
        there: dict[UUID, bool] = {}
        for name, fault in zip(NAMES, FAULTS, strict=True):
            for to in (simulator.device(), simulator.browser()):
                address = Destination(to.address, to.p256dh, to.auth)
                there[await give_device(database, organisation.person(name), to.provider, address)] = fault is not GONE
                if fault is not None:
                    simulator.behave(to.address, fault, times=None if fault is GONE else 2)
        notice = await publish(database, organisation)
        ways = channels(channels_config(described(simulator), seconds=1.0))
        try:
            deliverer = Deliverer(means_of(database), ways.by_provider, ways.topics)
            for _ in range(_MINUTES):
                await deliverer.drain()
                if all(each.finished_at for each in await _deliveries(database)):
                    break
                clock.advance(minutes=1)
        finally:
            await ways.close()
        ends = {each.device_id: each.state for each in await _deliveries(database)}
        assert ends == {id_: DeliveryState.SENT if is_there else DeliveryState.GONE for id_, is_there in there.items()}
        async with database.reading() as session:
            open_ = set(await session.scalars(select(col(Device.id)).where(col(Device.ended_at).is_(None))))
        assert open_ == {id_ for id_, is_there in there.items() if is_there}
        told = [each for each in simulator.accepted if each.data]
        assert {each.data["id"] for each in told} == {str(notice.id)}
        assert len({each.collapse_id for each in told}) <= len(Provider), "what came twice is seen once"


async def _deliveries(database: Database) -> list[Delivery]:
    async with database.reading() as session:
        return list(await session.scalars(select(Delivery)))
