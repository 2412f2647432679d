"""Experiments: a grid of policies × worlds or logs × seeds, run in processes, resumed after a kill, and its results."""
