"""Collections: an ordered set of materials and quizzes, to be studied by some day."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from models.base import Flag, Instant, Request, Shape
from models.study.shapes import StudyContent, StudyCreate, StudyDraft, StudySummary, StudyThing, StudyUpdate

ITEMS_MOST = 200


class ItemKind(StrEnum):
    MATERIAL = "material"
    QUIZ = "quiz"


class ItemRef(Request):
    """Something published that everybody who hears the collection hears too."""

    kind: ItemKind
    id: UUID
    is_required: Flag = True


Items = Annotated[list[ItemRef], Field(min_length=1, max_length=ITEMS_MOST)]


class CollectionContent(StudyContent):
    items: Items
    due_at: Instant | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({item.id for item in self.items}) < len(self.items):
            raise PydanticCustomError("collection.item_repeated", "each item once")
        return self


class CollectionCreate(CollectionContent, StudyCreate):
    """A draft, or with `publish` a collection that its audience has at once."""


class CollectionUpdate(StudyUpdate):
    items: Items | None = None
    due_at: Instant | None = None


class CollectionCard(Shape):
    """`due_at` is when those who are its audience then should have done what is required."""

    due_at: datetime | None


class CollectionItem(Shape):
    """As it is in the collection. What was withdrawn or superseded meanwhile is not on the app's shelf any more."""

    kind: ItemKind
    id: UUID
    is_required: bool


class CollectionShown(Shape):
    items: list[CollectionItem]


class CollectionEntry(CollectionItem):
    """With what a table of contents shows of it, as it is now."""

    title: str
    summary: str
    version: int


class CollectionSummary(CollectionCard, StudySummary):
    pass


class CollectionPublic(CollectionSummary):
    """In order; what is no longer published is left out."""

    items: list[CollectionEntry]


class CollectionDraft(StudyDraft):
    content: CollectionContent


class CollectionThing(CollectionShown, CollectionCard, StudyThing):
    """A collection of the channel; its items are things of their own."""

    kind: Literal["collection"] = "collection"
