"""Materials: texts, and files to read, hear and see."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from content.filetypes import NAME_MOST, read_file_name
from content.render import MARKDOWN_LIMIT, clean_markdown
from content.text import clean
from models.base import Day, Request, Shape, read_by
from models.study.shapes import StudyContent, StudyCreate, StudyDraft, StudySummary, StudyThing, StudyUpdate

TAGS_MOST = 10


class Level(StrEnum):
    BASIC = "basic"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Form(StrEnum):
    """What a material mainly is."""

    TEXT = "text"
    PDF = "pdf"
    EPUB = "epub"
    AUDIO = "audio"
    VIDEO = "video"


def _read_body(text: str) -> str:
    # readers run before the limit of what they read
    return clean_markdown(text) if len(text) <= MARKDOWN_LIMIT else text


Body = Annotated[str, StringConstraints(max_length=MARKDOWN_LIMIT), read_by(_read_body)]
"""Markdown with tables, footnotes and images as `![what it shows](file:<sha256>)`."""
Office = Annotated[str, StringConstraints(min_length=1, max_length=200), read_by(clean)]
DocumentNo = Annotated[str, StringConstraints(min_length=1, max_length=60), read_by(clean)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
StudyTag = Annotated[str, StringConstraints(min_length=1, max_length=40), read_by(clean)]
FileNamed = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MOST), read_by(read_file_name)]


class FileRef(Request):
    """A file that the editor has sent before (`POST /v1/files`), and the name it is saved under."""

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    name: FileNamed


class MaterialContent(StudyContent):
    """A text, a file, or a file with a text about it."""

    body: Body = ""
    file: FileRef | None = None
    issuing_body: Office | None = None
    document_no: DocumentNo | None = None
    issued_on: Day | None = None
    language: Language = "vi"
    tags: list[StudyTag] = Field(default_factory=list, max_length=TAGS_MOST)
    level: Level | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.body.strip() and self.file is None:
            raise PydanticCustomError("material.empty", "a text or a file")
        self.tags = list(dict.fromkeys(self.tags))
        return self


class MaterialCreate(MaterialContent, StudyCreate):
    """A draft, or with `publish` a material that its audience reads at once."""


class MaterialUpdate(StudyUpdate):
    body: Body | None = None
    file: FileRef | None = None
    issuing_body: Office | None = None
    document_no: DocumentNo | None = None
    issued_on: Day | None = None
    language: Language | None = None
    tags: Annotated[list[StudyTag], Field(max_length=TAGS_MOST)] | None = None
    level: Level | None = None


class MaterialFile(Shape):
    """`size` is in bytes."""

    sha256: str
    name: str
    media_type: str
    size: int


class MaterialCard(Shape):
    """What lists show of a material beside title and summary."""

    form: Form
    issuing_body: str | None
    document_no: str | None
    issued_on: date | None
    language: str
    tags: list[str]
    level: Level | None
    reading_minutes: int
    file: MaterialFile | None


class MaterialImage(Shape):
    """A picture in the text, which refers to it by `/v1/files/{sha256}`."""

    sha256: str
    media_type: str
    size: int


class Heading(Shape):
    """An entry of the table of contents; `anchor` is the heading's id in `body_html`."""

    level: int
    text: str
    anchor: str


class MaterialShown(Shape):
    body_html: str
    headings: list[Heading]
    images: list[MaterialImage]


class MaterialSummary(MaterialCard, StudySummary):
    pass


class MaterialPublic(MaterialShown, MaterialSummary):
    """One published version, whole."""


class MaterialDraft(StudyDraft):
    content: MaterialContent


class MaterialThing(MaterialCard, StudyThing):
    """A material of the channel, as on a shelf: its text is asked for when it is opened, or comes with a package."""

    kind: Literal["material"] = "material"
