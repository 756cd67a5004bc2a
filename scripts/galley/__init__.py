"""Runs a guide's snippets, records what they printed, and builds the site from the records."""

__version__ = "0.1.0"
