"""How far members are in what they study, and what they marked in it."""
