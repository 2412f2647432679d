"""Many rows at once, from files and streams, into the online store and the history."""
