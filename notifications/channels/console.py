"""What would be sent, as lines of the log: for development, and where nothing else is configured."""

import logging

from notifications.channels.protocol import Endpoint, Outcome, Push, Sent

_log = logging.getLogger("handbook")


class ConsoleChannel:
    """A PushChannel that tells an operator what happens, and nobody whom or with what words."""

    concurrency = 1

    async def send(self, to: Endpoint, push: Push) -> Sent:
        _log.info("push by %s: %s, %s %s revision %d", to.provider, push.alert, push.kind, push.id, push.revision)
        return Sent(Outcome.SENT)

    async def close(self) -> None:
        """Nothing is held open."""
