"""What a running process is made of, built once and handed to every request."""

from dataclasses import dataclass

from starlette.requests import Request

from api.security.attempts import Attempts
from api.security.passwords import Passwords
from api.security.tokens import Tokens
from api.settings import Settings
from content.files import FileStore
from models.database import Database


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    database: Database
    tokens: Tokens
    passwords: Passwords
    attempts: Attempts
    files: FileStore


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts
