"""Notices: what a branch tells a channel (`table`, `shapes`, `drafts`, `life`, `due`), who sees what of it (`reading`),
and who has taken note (`receipts`).
"""
