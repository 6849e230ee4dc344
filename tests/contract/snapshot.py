"""The committed contract, and `python -m tests.contract.snapshot`, which writes it anew after an addition.

It refuses to write over what would break a client, unless told that nobody depends on it yet: `--breaking`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from api.app import create_app
from api.documentation import describe
from api.settings import Settings
from tests.contract.additions import breaks

SNAPSHOT = Path(__file__).with_name("openapi.json")


def committed() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return document


def live() -> dict[str, Any]:
    """The document as it is served."""
    document: dict[str, Any] = json.loads(json.dumps(describe(create_app(Settings()))))
    return document


def main(arguments: list[str]) -> int:
    now = live()
    broken = breaks(committed(), now) if SNAPSHOT.exists() else []
    sys.stderr.writelines(f"{sentence}\n" for sentence in broken)
    if broken and "--breaking" not in arguments:
        sys.stderr.write("Not written: these changes break clients.\n")
        return 1
    text = json.dumps(now, ensure_ascii=False, indent=1, sort_keys=True)
    SNAPSHOT.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
