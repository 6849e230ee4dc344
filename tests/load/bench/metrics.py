"""What a server says of itself at `/metrics`."""

from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

_PAGES = "handbook_pages"


def pages_by(url: str) -> Mapping[str, float]:
    """How many shared pages were answered by what so far: `known`, `page`, `fragment`, `render`."""
    said = httpx.get(f"{url}/metrics", timeout=30, trust_env=False).raise_for_status().text
    return {
        sample.labels["by"]: sample.value
        for family in text_string_to_metric_families(said)
        if family.name == _PAGES
        for sample in family.samples
        if sample.name == f"{_PAGES}_total"
    }


def since(before: Mapping[str, float], after: Mapping[str, float], name: str) -> float:
    return after.get(name, 0.0) - before.get(name, 0.0)
