"""Who may do what over HTTP: the table of every route, and attempts to get around it."""
