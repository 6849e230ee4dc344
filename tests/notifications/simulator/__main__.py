"""`python -m tests.notifications.simulator [browsers]`: says where it is in one line of JSON, and serves until it ends.

What arrives is counted and not kept.
"""

import asyncio
import json
import sys

from tests.notifications.simulator.elsewhere import described
from tests.notifications.simulator.running import running_simulator


async def _serve(browsers: int) -> None:
    async with running_simulator(keeps=False) as simulator:
        sys.stdout.write(json.dumps(described(simulator, browsers=browsers)) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
