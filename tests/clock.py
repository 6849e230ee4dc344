"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)


class StandingClock:
    """Pass it wherever a `Clock` is wanted."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        """Move by what a timedelta takes: `clock.advance(hours=1)`."""
        self.at += timedelta(**by)
