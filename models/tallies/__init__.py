"""Who has taken note, answered and come, counted for every branch of a notice's audience, and who has not."""
