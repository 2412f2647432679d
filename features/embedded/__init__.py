"""Feast's rows in one SQLite file."""
