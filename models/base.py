"""What every table and shape is made of: names of constraints, ids, and the types of fields."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict, StringConstraints
from pydantic_core import PydanticCustomError
from sqlalchemy import Enum as SAEnum
from sqlalchemy import String
from sqlmodel import SQLModel
from uuid_utils.compat import uuid7

from content.malformed import Malformed
from content.text import clean

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def byte_ordered(length: int) -> Any:
    """`sa_type` of text compared byte by byte, so that ranges over paths and sort keys mean the same on both databases.

    PostgreSQL must be told its C collation; SQLite compares bytes already.
    """
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def choice(values: type[StrEnum], name: str) -> Any:
    """`sa_type` of one of a few words: text with a named check, since native enums cannot be changed in a
    transaction.
    """
    return SAEnum(
        values,
        name=name,
        native_enum=False,
        length=24,
        create_constraint=True,
        values_callable=lambda enum: [member.value for member in enum],
    )


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): ids made later sort later, so that indexes grow at their end."""
    return uuid7()


class Shape(BaseModel):
    """What goes out. What comes in is a `Request`."""

    model_config = ConfigDict(from_attributes=True)


class Request(Shape):
    """What comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _only_text(pattern: re.Pattern[str], code: str) -> Callable[[object], object]:
    # pydantic would also take numbers as seconds since 1970, and instants without an offset
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise PydanticCustomError(code, "malformed")
        if not isinstance(value, str | date):
            raise PydanticCustomError("string_type", "must be text")
        return value

    return check


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the calendar's first and last hours, at an offset that leads out of it
        raise PydanticCustomError("instant.malformed", "malformed") from None


def read_by(read: Callable[[str], str]) -> BeforeValidator:
    """A field's validator from one of `content`'s readers: its `Malformed` becomes a validation error of the same
    code.
    """

    def check(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return read(value)
        except Malformed as error:
            raise PydanticCustomError(error.code, "malformed", error.details) from None

    return BeforeValidator(check)


# Limits stand before the readers, which run first all the same: only so are they limits of text, with its error codes.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), read_by(clean)]
"""One line of text: NFC, no control characters, blanks collapsed."""

Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9A-Za-zĐđ][0-9A-Za-zĐđ./_-]*$"),
    read_by(clean),
]
"""An external id: what the organisation already calls a branch or a member."""

Count = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Instant = Annotated[
    datetime,
    AfterValidator(_in_utc),
    BeforeValidator(_only_text(_INSTANT, "instant.malformed"), json_schema_input_type=datetime),
]
"""RFC 3339 with an offset in, UTC with `Z` out."""
Day = Annotated[date, BeforeValidator(_only_text(_DAY, "day.malformed"), json_schema_input_type=date)]
