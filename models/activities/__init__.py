"""Who comes to an activity (`rsvps`), and who was there (`attendance`)."""
