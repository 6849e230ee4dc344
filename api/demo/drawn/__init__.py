"""Pictures and documents of the demonstration, drawn when it is made."""
