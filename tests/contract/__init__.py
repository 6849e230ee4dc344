"""The contract as clients hold us to it: additions alone, no answer off the document, generated clients that work."""
