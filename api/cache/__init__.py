"""The cache: what is known of the log (`view`), who asks (`known`), what is kept (`store`), whole pages (`pages`)."""
