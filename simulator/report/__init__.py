"""What an experiment has found, for people: a table for terminals, one page for browsers, JSON for programs."""
