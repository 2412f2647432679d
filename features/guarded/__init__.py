"""A store that keeps nobody waiting."""
