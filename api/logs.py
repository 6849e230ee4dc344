"""Logs: one line an event, for people on a console or as JSON for collectors."""

import logging
import sys

import structlog

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow={"request_id", "status", "milliseconds"}),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(log_format: str, level: int = logging.INFO) -> None:
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if log_format == "json"
        else [_console()]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_SHARED),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in ("httpx", "alembic", "uvicorn.access", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _console() -> structlog.dev.ConsoleRenderer:
    """Tracebacks are plain. structlog's own choice shows every local variable, tokens and people's data among them, and
    takes a second of processor time for it: a server that answers 503 under load would do nothing else.
    """
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
