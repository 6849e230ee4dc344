"""A phone as `api/guides/sync.md` describes it, built from that page alone: a tool of the tests, and an example.

What a phone asks and what it makes of an answer is written as steps without a network (`wire`); `sending` carries
them out.
"""
