"""The signed-in member of the FastAPI baselines, as the FastAPI tutorial does it with PyJWT."""

import os
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

SECRET = os.environ["JWT_SECRET"]

bearer = HTTPBearer()


async def current_member(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
    """The token's claims: `sub`, `branch` and `branches`, the ids from the root down."""
    try:
        claims: dict[str, Any] = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "Invalid token") from error
    return claims


CurrentMember = Annotated[dict[str, Any], Depends(current_member)]
