"""Members: who they are (`table`), what may be said of them (`profile`), and the rules (`rules`)."""
