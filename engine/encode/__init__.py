"""From features as people know them to features as a policy learns them: names with finite numbers."""
