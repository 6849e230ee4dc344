"""Counts on the hit path: plain integers, brought to the registry now and then."""


class Counts:
    """What answered shared pages.

    `known`: the token's own entry; `page`, `fragment`: what this process, or Redis, kept; `render`: the database.
    `not_modified` and `stale` say how answers were sent.
    """

    __slots__ = ("fragment", "known", "not_modified", "page", "render", "stale")

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.known = self.page = self.fragment = self.render = self.not_modified = self.stale = 0

    def take(self) -> dict[str, int]:
        """What has been counted since the last time."""
        taken = {name: getattr(self, name) for name in self.__slots__}
        self._clear()
        return taken
