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
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]
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
