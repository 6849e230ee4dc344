"""Figures under load: `python -m tests.load.bench` for the promises, `day/` for the day."""
