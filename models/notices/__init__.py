"""Notices: what a branch tells a channel (`table`, `shapes`, `rules`), and who has taken note (`receipts`)."""
