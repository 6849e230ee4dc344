"""What a caller would rather have: the weighted lists of `Accept-Encoding` and `Accept-Language` (RFC 9110, 12.4.2)."""

import re

READ_MOST = 500
"""Characters; longer lists are nobody's wish."""
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def weights(header: str) -> dict[str, float]:
    """Each name, in lower case, with its weight from 0 ("never") to 1. A weight that is none counts as 0."""
    said: dict[str, float] = {}
    for part in header[:READ_MOST].lower().split(","):
        name, _, parameter = part.partition(";")
        if name.strip():
            said[name.strip()] = _weight(parameter)
    return said


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    return float(value) if _WEIGHT.fullmatch(value := value.strip()) else 0.0
