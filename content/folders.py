"""A folder of study things as editors write it: Markdown with TOML front matter, files, and manifests.

`*.md`            a material: between two lines of `+++` TOML about it, then its text; pictures by relative path
`collection.toml` a collection: what it holds by slug, in order
`quiz.toml`       a quiz
PDF, EPUB, MP3, M4A, MP4  the main file of the material that names it as `file`, else a material of its own

Nothing here is believed: names that lead out of the folder, also by links, are refused, and so is what is too long.
"""

import hashlib
import os
import re
import tomllib
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from content.filetypes import STUDY_TYPES, read_file_name, type_of_name
from content.incoming import StoredFile
from content.malformed import Malformed
from content.pictured import name_pictures
from content.text import words

FILES_MOST = 10_000
TEXT_MOST = 512 * 1024
"""Bytes of one text or manifest."""
FRONT_MATTER_MOST = 32 * 1024
SLUG_MOST = 80
_CHUNK = 1024 * 1024
_FENCE = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_MANIFESTS = {"collection.toml": "collection", "quiz.toml": "quiz"}
_ALONE = frozenset({".pdf", ".epub", ".mp3", ".m4a", ".mp4"})
_PASSED_OVER = ("__MACOSX", "Thumbs.db")


class EntryKind(StrEnum):
    """In the order in which they are brought in: collections hold the others."""

    MATERIAL = "material"
    QUIZ = "quiz"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class FolderError:
    """What is wrong with an entry, and where in what it says of itself."""

    pointer: str
    code: str
    details: Mapping[str, str | int] = field(default_factory=dict)


class Broken(Exception):
    """An entry that cannot be brought in."""

    def __init__(self, *errors: FolderError) -> None:
        super().__init__(", ".join(f"{error.pointer} {error.code}" for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the folder holds; `slug` is what it is called for good."""

    path: str
    kind: EntryKind
    slug: str


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file that goes with an entry, where it lies in the folder, and what is kept of it."""

    path: str
    name: str
    kept: StoredFile

    @property
    def sha256(self) -> str:
        return self.kept.sha256


@dataclass(frozen=True, slots=True)
class Held:
    """What a collection holds, by its slug."""

    kind: EntryKind
    slug: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An entry read: `fields` are those of its kind's content, without what a collection holds, which `holds` names.

    `change` says what is new, in words for readers.
    """

    entry: Entry
    fields: dict[str, Any]
    files: tuple[FolderFile, ...] = ()
    holds: tuple[Held, ...] = ()
    change: str | None = None


class Folder:
    """All entries of a folder, in the order in which they are to be brought in, and what is wrong with the rest.

    Blocks: use it in a thread. Raises Malformed ``folder.too_many_files``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.refused: list[tuple[str, FolderError]] = []
        self._known: dict[str, StoredFile] = {}
        self.entries = self._survey()

    def read(self, entry: Entry) -> Item:
        """Raises Broken."""
        path = PurePosixPath(entry.path)
        if entry.kind is not EntryKind.MATERIAL:
            return self._read_manifest(entry, self._toml(entry.path))
        if path.suffix.lower() in _ALONE:
            file = self._file("", path, "/file")
            fields: dict[str, Any] = {"title": _title_of(path), "file": {"sha256": file.sha256, "name": file.name}}
            return Item(entry, fields, (file,))
        return self._read_text(entry, path)

    def path(self, file: FolderFile) -> Path:
        """Where its bytes are to be read. Raises Malformed ``folder.changed_meanwhile`` where they are gone."""
        try:
            return self._within(file.path)
        except Broken:
            raise Malformed("folder.changed_meanwhile", path=file.path) from None

    def _survey(self) -> list[Entry]:
        found: list[Entry] = []
        alone: list[str] = []
        used: set[str] = set()
        for name in self._names():
            path = PurePosixPath(name)
            try:
                if path.suffix.lower() == ".md":
                    said, _ = _split(self._text(name))
                    found.append(Entry(name, EntryKind.MATERIAL, _slug(said, path.stem)))
                    if isinstance(said.get("file"), str):
                        used.add(_beside(path, said["file"]) or "")
                elif path.name in _MANIFESTS:
                    kind = EntryKind(_MANIFESTS[path.name])
                    found.append(Entry(name, kind, _slug(self._toml(name), path.parent.name)))
                elif path.suffix.lower() in _ALONE:
                    alone.append(name)
            except Broken as broken:
                self.refused.extend((name, error) for error in broken.errors)
        found += (
            Entry(name, EntryKind.MATERIAL, _slug({}, PurePosixPath(name).stem)) for name in alone if name not in used
        )
        return self._once(found)

    def _once(self, found: list[Entry]) -> list[Entry]:
        """Without those that others are called alike."""
        paths: dict[tuple[EntryKind, str], list[str]] = {}
        for entry in found:
            paths.setdefault((entry.kind, entry.slug), []).append(entry.path)
        for entry in found:
            others = [path for path in paths[entry.kind, entry.slug] if path != entry.path]
            if others:
                error = FolderError("/slug", "folder.slug_repeated", {"slug": entry.slug, "path": others[0]})
                self.refused.append((entry.path, error))
        order = list(EntryKind)
        alone = [entry for entry in found if len(paths[entry.kind, entry.slug]) == 1]
        return sorted(alone, key=lambda entry: (order.index(entry.kind), entry.path))

    def _names(self) -> Iterator[str]:
        """Of all files, in order; what begins with a dot is passed over."""
        count = 0
        for folder, folders, files in os.walk(self._root):
            folders[:] = sorted(name for name in folders if not _is_passed_over(name))
            for name in sorted(files):
                if _is_passed_over(name):
                    continue
                count += 1
                if count > FILES_MOST:
                    raise Malformed("folder.too_many_files", limit=FILES_MOST)
                yield (Path(folder) / name).relative_to(self._root).as_posix()

    def _within(self, name: str) -> Path:
        """Raises Broken for what is not there or is somewhere else, as where a link leads out of the folder."""
        for form in ("NFC", "NFD"):  # what one system writes decomposed another looks for composed
            path = (self._root / unicodedata.normalize(form, name)).resolve()
            if not path.is_relative_to(self._root):
                raise Broken(FolderError("", "folder.outside", {"path": name}))
            try:
                if path.is_file():
                    return path
            except OSError:  # a name that no file can have
                continue
        raise Broken(FolderError("", "folder.file_missing", {"path": name}))

    def _text(self, name: str) -> str:
        path = self._within(name)
        if path.stat().st_size > TEXT_MOST:
            raise Broken(FolderError("", "folder.text_too_long", {"kilobytes": TEXT_MOST // 1024}))
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Broken(FolderError("", "file.not_utf8")) from None
        return text.replace("\r\n", "\n")

    def _toml(self, name: str) -> dict[str, Any]:
        return _parse(self._text(name))

    def _file(self, pointer_to: str, path: PurePosixPath, pointer: str) -> FolderFile:
        """What `pointer_to` says, as seen from `path`; `path` itself where it says nothing."""
        name = _beside(path, pointer_to) if pointer_to else path.as_posix()
        if name is None:
            raise Broken(FolderError(pointer, "folder.outside", {"path": pointer_to}))
        try:
            if name not in self._known:
                self._known[name] = _look(self._within(name), name)
            return FolderFile(name, read_file_name(PurePosixPath(name).name, STUDY_TYPES), self._known[name])
        except Broken as broken:
            raise Broken(*(FolderError(pointer, error.code, error.details) for error in broken.errors)) from None
        except Malformed as error:
            raise Broken(FolderError(pointer, error.code, {**error.details, "path": name})) from None

    def _read_text(self, entry: Entry, path: PurePosixPath) -> Item:
        said, body = _split(self._text(entry.path))
        files: list[FolderFile] = []
        errors: list[FolderError] = []

        def take(name: str, pointer: str) -> FolderFile | None:
            try:
                file = self._file(name, path, pointer)
            except Broken as broken:
                errors.extend(broken.errors)
                return None
            files.append(file)
            return file

        main = said.pop("file", None)
        if main is not None and not (isinstance(main, str) and main):
            errors.append(FolderError("/file", "string_type"))
        elif main is not None and (file := take(main, "/file")):
            said["file"] = {"sha256": file.sha256, "name": file.name}

        def hash_of(name: str) -> str | None:
            file = take(unquote(name), "/body")
            return file.sha256 if file else None

        try:
            body = name_pictures(body, hash_of)
        except Malformed as error:
            errors.append(FolderError("/body", error.code, error.details))
        if errors:
            raise Broken(*errors)
        said.pop("slug", None)
        change = said.pop("change", None)
        return Item(entry, {**_plain(said), "body": body.strip("\n")}, tuple(dict.fromkeys(files)), (), change)

    def _read_manifest(self, entry: Entry, said: dict[str, Any]) -> Item:
        errors: list[FolderError] = []
        holds = _held(said.pop("items", []), errors) if entry.kind is EntryKind.COLLECTION else ()
        if errors:
            raise Broken(*errors)
        said.pop("slug", None)
        change = said.pop("change", None)
        return Item(entry, _plain(said), (), holds, change)


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name in _PASSED_OVER


def _split(text: str) -> tuple[dict[str, Any], str]:
    """What stands between the fences, and the text after them. Raises Broken."""
    if text.startswith("---"):
        raise Broken(FolderError("", "folder.front_matter_yaml"))
    fenced = _FENCE.match(text)
    if fenced is None:
        raise Broken(FolderError("", "folder.front_matter_missing"))
    if len(fenced[1]) > FRONT_MATTER_MOST:
        raise Broken(FolderError("", "folder.text_too_long", {"kilobytes": FRONT_MATTER_MOST // 1024}))
    return _parse(fenced[1]), text[fenced.end() :]


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of numbers too long to be read, TOML's own is not raised
        where = re.search(r"at line (\d+)", str(error))
        raise Broken(FolderError("", "folder.toml_malformed", {"line": int(where[1]) if where else 1})) from None


def _slug(said: Mapping[str, Any], name: str) -> str:
    """As said, else made of the file's or the folder's name. Whether it is a good one the rules say."""
    slug = said.get("slug")
    if slug is None:
        slug = "-".join(word for word in words(name) if word.isascii())[:SLUG_MOST].strip("-")
    if not isinstance(slug, str) or not slug:
        raise Broken(FolderError("/slug", "folder.slug_missing"))
    return slug


def _title_of(path: PurePosixPath) -> str:
    return " ".join(path.stem.replace("_", " ").replace("-", " ").split())


def _beside(path: PurePosixPath, name: str) -> str | None:
    """The name within the folder of what `path` calls `name`; None where that leads elsewhere."""
    if name.startswith("/") or "\\" in name or "\0" in name or ":" in name:
        return None
    parts: list[str] = []
    for part in (*path.parent.parts, *name.split("/")):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _look(path: Path, name: str) -> StoredFile:
    """What will be kept of it. Raises Malformed for what is of no known type or too large."""
    limit = type_of_name(name, types=STUDY_TYPES).limit
    size = path.stat().st_size
    if size > limit:
        raise Malformed("file.too_large", limit=limit)
    hashed, crc32 = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
    return StoredFile(hashed.hexdigest(), size, crc32)


def _held(items: object, errors: list[FolderError]) -> tuple[Held, ...]:
    held: list[Held] = []
    for place, item in enumerate(items if isinstance(items, list) else [None]):
        named = [kind for kind in (EntryKind.MATERIAL, EntryKind.QUIZ) if isinstance(item, dict) and kind in item]
        known = {*named, "required"}
        if len(named) != 1 or not isinstance(item[named[0]], str) or not known.issuperset(item):
            errors.append(FolderError(f"/items/{place}", "folder.item_malformed"))
        elif not isinstance(item.get("required", True), bool):
            errors.append(FolderError(f"/items/{place}/required", "bool_type"))
        else:
            held.append(Held(named[0], item[named[0]], item.get("required", True)))
    return tuple(held)


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON would say it: TOML knows days and instants."""
    return {name: _as_json(value) for name, value in said.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
