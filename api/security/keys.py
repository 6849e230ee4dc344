"""The keyring file of a running process: read again when it was rotated."""

from pathlib import Path

from models.keyring import Key, Keyring, KeyringError, load_keyring, new_keyring, save_keyring


class KeyringFile:
    """The keyring as the file holds it now. Asking costs one `stat`; a file that became unreadable leaves the last
    good one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._stamp_now()  # first: a rotation meanwhile shall be seen later
        self._ring = load_keyring(path)

    def current(self) -> Keyring:
        stamp = self._stamp_now()
        if stamp != self._stamp:
            try:
                self._ring = load_keyring(self.path)
            except KeyringError:
                return self._ring
            self._stamp = stamp
        return self._ring

    def find(self, kid: str) -> Key | None:
        return self.current().find(kid)

    def _stamp_now(self) -> tuple[int, int]:
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)


def open_keyring(path: Path, *, made_at: str, demo: bool) -> KeyringFile:
    """The keyring at `path`. The demo makes its own; elsewhere a missing, weak or exposed one raises KeyringError."""
    if demo and not path.exists():
        save_keyring(path, new_keyring(made_at))
    ring = KeyringFile(path)
    if not demo and path.stat().st_mode & 0o077:
        raise KeyringError(f"the keyring at {path} is open to other users: chmod 600 {path}")
    return ring
