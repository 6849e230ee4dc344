"""Where files are, by the settings: a folder of this machine, or a bucket."""

from api.settings import Settings
from content.files import FileStore, LocalFileStore
from content.object_files import ObjectFileStore


def open_files(settings: Settings) -> FileStore:
    """The store of these settings. Nothing is asked of it yet."""
    bucket = settings.bucket
    return LocalFileStore(settings.files) if bucket is None else ObjectFileStore(bucket, settings.files / "incoming")
