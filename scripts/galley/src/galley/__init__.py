"""Runs the snippets of a guide, records what they printed, and shows the records in a static site."""

__version__ = "0.2.0"
