"""Counts on the hit path: plain integers, read by `/metrics`."""


class Counts:
    """`hits_known`: answered from the token's own entry; `hits_l1`, `hits_l2`: from a page or fragment kept; `renders`: made."""

    __slots__ = ("hits_known", "hits_l1", "hits_l2", "not_modified", "renders", "stale")

    def __init__(self) -> None:
        self.hits_known = 0
        self.hits_l1 = 0
        self.hits_l2 = 0
        self.not_modified = 0
        self.renders = 0
        self.stale = 0
