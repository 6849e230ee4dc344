"""What members did, as their phones tell it, also long after (`shapes`, `kinds`, `rules`), and what of it their other
phones have not heard yet (`state`).
"""
