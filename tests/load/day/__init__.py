"""A day of an organisation: people open the app by a daily curve, compressed into minutes."""
