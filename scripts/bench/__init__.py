"""Measurements of galley beside other generators: the same pages, in every peer's own format."""
