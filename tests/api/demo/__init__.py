"""How we know that the made-up organisation is whole and believable."""
