"""One member's handbook on a phone."""

from collections.abc import Callable
from datetime import datetime

from tests.client.activities import shown_rsvp
from tests.client.patience import Patience
from tests.client.queue import did, instant, queued, upload
from tests.client.quizzes import next_draw
from tests.client.receipts import fetch_state, is_due, shown_receipt
from tests.client.store import Store
from tests.client.studies import shown_progress
from tests.client.syncing import sync
from tests.client.wire import Steps


class Account:
    def __init__(self, store: Store, patience: Patience, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._patience = patience
        self._clock = clock

    def read(self, notice_id: str, *, acknowledge: bool = False) -> str | None:
        """The member reads a notice, or takes note of it: the event's id. None where it was done before."""
        notice = self.store.things("notice")[notice_id]
        receipt = shown_receipt(self.store, notice_id, notice["revision"])
        if receipt is not None and (receipt["acknowledged_at"] is not None or not acknowledge):
            return None
        kind = "acknowledged" if acknowledge else "read"
        return did(self.store, kind, self._clock(), notice_id=notice_id, revision=notice["revision"])

    def answer(self, notice_id: str, answer: str, *, occurrence: int = 1, note: str | None = None) -> str | None:
        """The member answers to an activity: the event's id. None where they said so before."""
        said = {"notice_id": notice_id, "occurrence": occurrence, "answer": answer, "note": note}
        if said == shown_rsvp(self.store, notice_id, occurrence):
            return None
        return did(self.store, "rsvp", self._clock(), **said)

    def take(self, quiz_id: str, attempt_id: str, answers: dict[str, list[str]]) -> str:
        """The member took a quiz, where there may be no network: the event's id. Raises NoAttemptLeft."""
        quiz, at = self.store.things("quiz")[quiz_id], self._clock()
        said = {"attempt_id": attempt_id, "quiz_id": quiz_id, "version": quiz["version"], "answers": answers}
        said |= {"draw_no": next_draw(self.store, quiz), "started_at": instant(at)}
        return did(self.store, "attempt", at, **said)

    def check_in(self, code: str) -> str:
        """The member scanned a code, of which the phone knows nothing: the event's id."""
        return did(self.store, "check_in", self._clock(), code=code)

    def reach(
        self, material_id: str, version: int, position: str | None, share: int, *, completed: bool = False
    ) -> str | None:
        """How far the member is: the event's id. None where nothing is new."""
        said = {"material_id": material_id, "version": version, "position": position, "share": share}
        shown = shown_progress(self.store, material_id, version)
        is_known = shown is not None and said == {name: shown[name] for name in said}
        if is_known and (not completed or (shown or {})["completed_at"] is not None):
            return None
        return did(self.store, "progress", self._clock(), **said, completed=completed)

    def mark(self, bookmark_id: str, material_id: str, version: int, locator: str, note: str | None = None) -> str:
        """The member marks a place, or says otherwise of one that is marked: the event's id."""
        said = {"material_id": material_id, "version": version, "locator": locator, "note": note}
        return did(self.store, "bookmark", self._clock(), bookmark_id=bookmark_id, **said)

    def unmark(self, bookmark_id: str) -> str:
        """The member removes a bookmark: the event's id."""
        return did(self.store, "bookmark", self._clock(), bookmark_id=bookmark_id, is_removed=True)

    def bring_up_to_date(self, *, save_data: bool = False, pulled: bool = False) -> Steps[None]:
        """The queue first, so that what comes back knows of it; `pulled` by somebody who wants to see it now.

        Raises SignInRequired, AccountClosed, Unreachable.
        """
        yield from upload(self.store, self._patience, self._clock)
        yield from self.sync(save_data=save_data)
        if pulled or is_due(self.store, self._clock()):
            yield from fetch_state(self.store, self._patience, self._clock())
        with self.store.transaction():
            self.store.keep("up_to_date_at", instant(self._clock()))

    def sync(self, *, save_data: bool = False) -> Steps[None]:
        """What is to be read, alone. Raises SignInRequired, AccountClosed, Unreachable."""
        yield from sync(self.store, self._patience, save_data=save_data)

    @property
    def unsent(self) -> int:
        return len(queued(self.store))
