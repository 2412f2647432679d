"""A Feast repository made from a description of one table, instead of from declarations in code."""
