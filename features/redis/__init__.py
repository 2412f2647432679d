"""Feast's rows in Redis, in Feast's own layout."""
