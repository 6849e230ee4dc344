import json
import logging
from collections.abc import Iterator

import pytest

from api.logs import configure_logs


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield logging.getLogger("handbook.tests")
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_values(log: logging.Logger, capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs(log_format)
    token = "secret" + "-of-a-member"
    try:
        json.loads(token)
    except ValueError:
        log.warning("a part is unavailable", exc_info=True)
    said = capsys.readouterr().err
    assert "JSONDecodeError" in said
    assert token not in said
