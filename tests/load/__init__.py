"""What the handbook is measured with: the day, the bench and its baselines."""
