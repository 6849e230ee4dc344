"""What is read: pure functions from bytes and text to bytes and text."""
