"""The reference: Feast's own client, in a process of its own."""
