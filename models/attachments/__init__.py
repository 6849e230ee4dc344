"""Files that go with a notice."""
