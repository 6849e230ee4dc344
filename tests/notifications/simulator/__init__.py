"""Providers of pushes over real sockets, in their real wire formats, that misbehave on demand.

    async with running_simulator() as simulator:
        push = Fcm(simulator.fcm_config())
        device = simulator.device()                       # an Endpoint with a token
        simulator.behave(device.address, throttle(2), times=1)
        await push.send(device, …)                        # RETRY after 2 s
        await push.send(device, …)                        # SENT
        [arrived] = simulator.accepted                    # what FCM took: .message, .data, .collapse_id …

It speaks HTTP/2 and HTTP/1.1 over TLS with a certificate of its own authority (`simulator.ca`, `simulator.trust`).
It is Google's token endpoint (which verifies assertions), FCM HTTP v1 (which verifies messages), the Instance ID
batch API (`simulator.topics` says who is subscribed) and a Web Push service (which verifies VAPID and decrypts).

`behave(address, behaviour, times=None)`: `address` is a device's token or `/topics/{name}`, a browser's endpoint, or
one of TOKENS (the token endpoint), BATCHES (the batch API as a whole) and EVERYONE (who has no behaviour of its own).

`elsewhere` is for senders in another process than the simulator's.
"""

from tests.notifications.simulator.behaviours import (
    BATCHES,
    EVERYONE,
    TOKENS,
    Behaviour,
    drop,
    fail,
    gone,
    hang,
    invalid,
    mismatch,
    slow,
    throttle,
)
from tests.notifications.simulator.record import Received
from tests.notifications.simulator.running import Simulator, running_simulator

__all__ = [
    "BATCHES",
    "EVERYONE",
    "TOKENS",
    "Behaviour",
    "Received",
    "Simulator",
    "drop",
    "fail",
    "gone",
    "hang",
    "invalid",
    "mismatch",
    "running_simulator",
    "slow",
    "throttle",
]
