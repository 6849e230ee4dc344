"""Deliveries, against providers that misbehave."""
