"""Feast's side of the work: what runs in processes of its own."""
