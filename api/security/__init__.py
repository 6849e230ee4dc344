"""Identity: passwords, tokens, and how often one may try."""
