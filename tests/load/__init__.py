<<<<<<< HEAD
"""Load on real servers: what the promises about speed are measured with."""
=======
"""Figures under load: `python -m tests.load.bench` for the promises, `day/` for the day."""
>>>>>>> bench
