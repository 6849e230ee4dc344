import os
from typing import Any

import jwt
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class Member:
    """Whom a token speaks for; no query."""

    is_authenticated = True

    def __init__(self, claims: dict[str, Any]) -> None:
        self.branches = claims["branches"]


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Member, None]:
        token = get_authorization_header(request).removeprefix(b"Bearer ")
        try:
            return Member(jwt.decode(token, os.environ["JWT_SECRET"], algorithms=["HS256"])), None
        except jwt.InvalidTokenError:
            raise AuthenticationFailed from None
