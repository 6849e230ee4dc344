"""Telling devices: who is handed what, what became of it, and what may be told of that."""
