"""What is said of a file that goes with a notice."""

from models.base import Shape


class AttachmentPublic(Shape):
    """`size` is in bytes. The same for everyone, and part of what a revision says."""

    sha256: str
    name: str
    media_type: str
    size: int
