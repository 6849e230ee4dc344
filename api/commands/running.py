"""What every command needs: settings, a console, an open database, and errors as one line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from api.field_messages import FIELDS
from api.languages import Language
from api.messages import PROBLEMS
from api.security.keys import open_keyring
from api.settings import Settings, SettingsError, load_settings
from models.database import Database, utc_now
from models.errors import HandbookError, Invalid
from models.keyring import KeyringError
from models.migrate import current_revision, latest_revision

T = TypeVar("T")

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; whatever is expected to go wrong is said in one line, with exit code 1."""
    with one_line():
        return asyncio.run(work)


@contextmanager
def one_line() -> Iterator[None]:
    try:
        yield
    except (SettingsError, KeyringError) as error:
        fail(str(error))
    except HandbookError as error:
        fail(said(error))
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"{'.'.join(map(str, first['loc']))}: {sentence(first['type'], first.get('ctx') or {})}")
    except DBAPIError as error:
        fail(f"the database refused: {error.orig}")
    except (OSError, TimeoutError) as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        sys.exit(130)


def fail(line: str) -> NoReturn:
    errors.print(f"[red]✗[/red] {line}", markup=True, soft_wrap=True)
    sys.exit(1)


def said(error: HandbookError, language: Language = "en") -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{e.pointer.lstrip('/')}: {sentence(e.code, e.params, language)}" for e in error.errors)
    message = PROBLEMS[error.slug]
    return (message.vi if language == "vi" else message.en)[1].format_map(_Known(error.params))


def sentence(code: str, params: dict[str, Any], language: Language = "en") -> str:
    if code in PROBLEMS and code not in FIELDS:
        return said(HandbookError(code, **params), language)
    vi, en = FIELDS.get(code) or FIELDS["invalid"]
    return (vi if language == "vi" else en).format_map(_Known(params))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def settings(**over: object) -> Settings:
    with one_line():
        return load_settings(**over)


@asynccontextmanager
async def open_database(using: Settings, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The database of these settings; with `migrated` it must be of this release's schema."""
    keys = open_keyring(using.keys, made_at=utc_now().isoformat(), demo=using.demo)
    using.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(using.database, keyring=keys.current, pool_size=using.database_pool)
    try:
        if migrated and (at := await current_revision(database)) != latest_revision():
            fail(
                f"the database is at schema {at or 'none'}, this release needs {latest_revision()}: `handbook migrate`"
            )
        yield database
    finally:
        await database.close()
