"""How we know that one can ask."""
