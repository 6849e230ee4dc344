"""What a branch says again and again."""
