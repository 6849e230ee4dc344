"""The cache: what this process knows of the log (`view`), who asks (`known`), what is kept (`store`), finished pages (`pages`)."""
