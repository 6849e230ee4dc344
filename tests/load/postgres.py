"""A PostgreSQL cluster whose data outlives the run: millions of members are loaded once."""

import os
import re
from contextlib import suppress
from pathlib import Path

from tests.servers import Postgres, ServerError, _postgres_binaries, _run

CACHE = Path(os.environ.get("HANDBOOK_BENCH_CACHE", ".cache/bench"))
"""Where data sets are kept between runs; a data set of 5.3 million members takes some 6 GB."""


class KeptPostgres(Postgres):
    """`Postgres` on a data folder under `cache`, one for each major version; it keeps what it acknowledges."""

    def __init__(self, cache: Path = CACHE) -> None:
        super().__init__(durable=True)
        self._cache = cache

    def __exit__(self, *raised: object) -> None:
        with suppress(ServerError):
            self.stop()  # in order: whoever comes next need not recover it
        super().__exit__(*raised)

    def _prepare(self) -> None:
        binaries = _postgres_binaries(self.directory, self._identity)
        _, said = _run([binaries / "postgres", "--version"], self.directory, self._identity)
        major = re.search(r"\d+", said)
        kept = (self._cache / f"postgres-{major[0] if major else 'unknown'}").absolute()
        kept.mkdir(parents=True, exist_ok=True)
        os.chown(kept, self._identity.get("user", -1), -1)
        # only the link lies in the folder that goes with the server
        (self.directory / "data").symlink_to(kept)
        self.binaries = binaries
        if (kept / "PG_VERSION").exists():
            return
        try:
            super()._prepare()
        except ServerError as error:
            raise ServerError(
                f"{error}\nPostgreSQL's account must be able to enter {kept}: HANDBOOK_BENCH_CACHE names another folder"
            ) from None

    def _command(self, port: int) -> list[str | Path]:
        settings = {"shared_buffers": "256MB", "max_wal_size": "4GB", "log_line_prefix": "%d "}
        return [*super()._command(port), *(f"--{name}={value}" for name, value in settings.items())]

    @property
    def log(self) -> Path:
        return self.directory / "log"
