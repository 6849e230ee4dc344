"""How we know: mirrors the four packages, plus faults, load and contract."""
