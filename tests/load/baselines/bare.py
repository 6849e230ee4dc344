"""An ASGI function that sends one page: what uvicorn itself costs.

`PAGE` names the file of the body, `HEADERS` that of its headers, a JSON list of pairs.
"""

import json
import os
from pathlib import Path

from starlette.types import Receive, Scope, Send

BODY = Path(os.environ["PAGE"]).read_bytes()
HEADERS = [(name.encode(), value.encode()) for name, value in json.loads(Path(os.environ["HEADERS"]).read_text())]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
