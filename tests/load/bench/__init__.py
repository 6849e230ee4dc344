"""The promises' figures: `python -m tests.load.bench`."""
