"""A believable organisation that does not exist: for the demonstration, load tests and import tests."""
