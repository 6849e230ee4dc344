"""Signing in and out, and one's devices."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from starlette.requests import Request

from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.routing import Access, declare, router
from api.security import sign_in
from api.security.passwords import MOST
from api.security.tokens import ACCESS_MOST
from content.text import clean
from models.base import Request as RequestShape
from models.base import Shape, read_by
from models.sessions import Device, SessionPublic, end_own_session, own_sessions

routes = router("auth")

Login = Annotated[str, StringConstraints(min_length=1, max_length=254), read_by(clean)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=MOST)]


class LoginRequest(RequestShape):
    """`login` is the member number, or a phone number or e-mail address that belongs to one account alone."""

    login: Login
    password: Password
    device: Device = Device()


class ActivateRequest(RequestShape):
    login: Login
    activation_code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    password: Password
    device: Device = Device()


class RefreshRequest(RequestShape):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=ACCESS_MOST)]


class PasswordChange(RequestShape):
    current_password: Password
    new_password: Password


class Tokens(Shape):
    """`expires_in` is seconds. A refresh token keeps yielding the same successor until that successor is first used."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750's word
    expires_in: int
    refresh_token: str
    member_id: UUID


class SessionList(Shape):
    items: list[SessionPublic]


@routes.post("/auth/login")
@declare(Access.ANYONE, transaction=False, refuses=(401, 429))
async def log_in(body: LoginRequest, request: Request, parts: PartsDep) -> Tokens:
    """Sign in with a password."""
    pair = await sign_in.log_in(parts, body.login, body.password, body.device, _address(request))
    return Tokens.model_validate(pair)


@routes.post("/auth/activate")
@declare(Access.ANYONE, transaction=False, refuses=(401, 429))
async def activate(body: ActivateRequest, request: Request, parts: PartsDep) -> Tokens:
    """First sign-in, or recovery, with a code that the branch handed over in person."""
    pair = await sign_in.activate(
        parts, body.login, body.activation_code, body.password, body.device, _address(request)
    )
    return Tokens.model_validate(pair)


@routes.post("/auth/refresh")
@declare(Access.ANYONE, transaction=False, refuses=(401,))
async def refresh(body: RefreshRequest, parts: PartsDep) -> Tokens:
    """New tokens for a refresh token. A lost answer may be asked for again."""
    return Tokens.model_validate(await sign_in.refresh(parts, body.refresh_token))


@routes.post("/auth/logout", status_code=204)
@declare(Access.MEMBER)
async def log_out(session: SessionDep, viewer: ViewerDep) -> None:
    """End this device's session."""
    if viewer.session_id is not None:
        await end_own_session(session, viewer.the_member, viewer.session_id)


@routes.get("/auth/sessions")
@declare(Access.MEMBER)
async def list_sessions(session: SessionDep, viewer: ViewerDep) -> SessionList:
    """My signed-in devices."""
    return SessionList(items=await own_sessions(session, viewer.the_member, viewer.session_id))


@routes.delete("/auth/sessions/{session_id}", status_code=204)
@declare(Access.MEMBER)
async def end_session(session_id: Id, session: SessionDep, viewer: ViewerDep) -> None:
    """Sign one of my devices out."""
    await end_own_session(session, viewer.the_member, session_id)


@routes.put("/auth/password", status_code=204)
@declare(Access.MEMBER, transaction=False, writes=True, refuses=(429,))
async def change_password(body: PasswordChange, viewer: ViewerDep, parts: PartsDep) -> None:
    """Change my password; my other devices are signed out."""
    await sign_in.change_password(parts, viewer, body.current_password, body.new_password)


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None
