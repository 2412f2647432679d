"""Policies as people name them."""
