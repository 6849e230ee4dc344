"""Who is asking, from the token alone: its claims stand until the log says that the member's access moved."""

from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID
from weakref import ref

from api.cache.flights import Flights
from api.cache.follow import Follower
from api.cache.forms import Form
from api.cache.view import Branches, Channels, Grants, View
from api.security.claims import Claims, claims_of
from api.security.tokens import Tokens
from models.channels import member_channel
from models.database import Database, seconds_of
from models.errors import Unauthenticated
from models.permissions import Viewer
from models.viewers import resolve_access

_KNOWN_MOST = 100_000


class Known:
    """One token whose signature was verified, and what was derived from its claims at one moment of the log."""

    __slots__ = (
        "_branches",
        "_grants",
        "_view",
        "channel",
        "channels",
        "claims",
        "expires_at",
        "head",
        "pages",
        "shape",
        "valid_until",
    )

    def __init__(self, claims: Claims, expires_at: float, view: View) -> None:
        self._view = view
        self._branches: Branches = ()
        self._grants: Grants = ()
        self.claims = claims
        self.expires_at = expires_at
        self.channel = member_channel(claims.member_id)
        self.head = -1
        self.shape = -1
        self.valid_until = float("-inf")
        self.channels: Channels = ()
        self.pages: dict[tuple[bytes, bytes, bytes, bytes, bytes], ref[Form]] = {}
        """Finished answers of this head by the bytes of the request; emptied when the head moves. The pages alone hold
        them: a hundred thousand tokens that are not used again would otherwise keep every version that there was.
        """

    @property
    def viewer(self) -> Viewer:
        """By the tree as it is now. Shared pages need none, so it is made when somebody asks."""
        claims, view = self.claims, self._view
        return Viewer(claims.member_id, claims.session_id, view.places(self._branches), view.seats(self._grants))

    def derive(self, at: float) -> None:
        """Bring all but the claims to the view's head, leaving out what has run out."""
        claims, view = self.claims, self._view
        self._branches = tuple([no for no, until in claims.branches if not 0 < until <= at])
        self._grants = tuple([(role, no) for role, no, until in claims.grants if not 0 < until <= at])
        self.channels = view.heard(self._branches, self._grants)
        ends = [until for _, until in claims.branches if until > at]
        ends += [until for _, _, until in claims.grants if until > at]
        self.valid_until = min([self.expires_at, *ends])
        self.pages = {}
        self.head, self.shape = view.head, view.shape


class Directory:
    """The tokens that this process has seen, one a session: an LRU by the token's bytes. Failures are not kept.

    `forget` is called when the keyring changed: what was made under the old one may no longer verify.
    """

    def __init__(self, tokens: Tokens, follower: Follower, database: Database, forget: Callable[[], None]) -> None:
        self._forget = forget
        self._ring = tokens.ring
        self._looked_at = float("-inf")
        self._tokens = tokens
        self._follower = follower
        self._database = database
        self._seconds = seconds_of(database.clock)
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._newest: dict[UUID, bytes] = {}
        """The one token of each session that is kept: when there is another, the one before is not used again."""
        self._resolving: Flights[Claims] = Flights()

    def settled(self, authorization: bytes) -> Known | None:
        """The entry of a token that needs nothing looked up: seen before, not expired, and nothing changed since."""
        if self._looked_at != self._follower.view.confirmed_at:
            self._look_at_keys()
        known = self._known.get(authorization)
        if known is None or known.head != self._follower.view.head:
            return None
        return known if self._seconds() < known.valid_until else None

    def verify(self, authorization: str | None) -> Known:
        """The entry of a token, or a new one that is not kept: to be settled before it is believed.

        Raises Unauthenticated.
        """
        if self._looked_at != self._follower.view.confirmed_at:
            self._look_at_keys()
        known = self._known.get((authorization or "").encode("latin-1"))
        if known is not None and self._seconds() < known.expires_at:
            return known
        bearer = self._tokens.verify(authorization)
        return Known(bearer.claims, bearer.expires_at, self._follower.view)

    async def recognise(self, authorization: bytes) -> Known:
        """Who is asking. A query is made only where the member's access moved since the token's claims were resolved.

        Raises Unauthenticated. The caller has made sure that the view is fresh.
        """
        known = await self.settle(self.verify(authorization.decode("latin-1")))
        self._keep(authorization, known)
        return known

    def _keep(self, authorization: bytes, known: Known) -> None:
        session_id = known.claims.session_id
        before = self._newest.get(session_id)
        if before is not None and before != authorization:
            self._known.pop(before, None)
        self._newest[session_id] = authorization
        self._known[authorization] = known
        self._known.move_to_end(authorization)
        if len(self._known) > _KNOWN_MOST:
            _, dropped = self._known.popitem(last=False)
            self._newest.pop(dropped.claims.session_id, None)

    def _look_at_keys(self) -> None:
        """As often as the log is followed: tokens signed with a key that was dropped are not remembered."""
        self._looked_at = self._follower.view.confirmed_at
        ring = self._tokens.ring
        if ring is not self._ring:
            self._ring = ring
            self._known.clear()
            self._newest.clear()
            self._forget()

    async def settle(self, known: Known) -> Known:
        """Bring an entry to the view's head. Raises Unauthenticated."""
        now = self._seconds()
        if now >= known.expires_at:
            raise Unauthenticated(Unauthenticated.REFRESH)
        view = self._follower.view
        if known.head != view.head:
            claims = known.claims
            while view.access_moved(claims, known.channel):
                claims = await self._resolve(claims.member_id, claims.session_id)
            if claims is not known.claims or known.shape != view.shape:
                known.claims = claims
                known.derive(now)
            elif known.head != view.head:
                known.pages = {}
                known.head = view.head
        if now >= known.valid_until:
            known.derive(now)
        return known

    async def _resolve(self, member_id: UUID, session_id: UUID) -> Claims:
        """From the database, once per session at a time."""
        return await self._resolving.join(session_id, lambda: self._read(member_id, session_id))

    async def _read(self, member_id: UUID, session_id: UUID) -> Claims:
        head = self._follower.view.head
        async with self._database.reading() as session:
            access = await resolve_access(session, member_id, session_id)
        return claims_of(member_id, session_id, access, head)
