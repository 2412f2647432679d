"""The Feast repository of the example, an online shop's chat assistant."""
