"""Finding what is said and studied: one index of what is published now, alike on both databases."""
