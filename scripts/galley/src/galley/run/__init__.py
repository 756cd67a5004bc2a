"""Runs pages: a runner process that imports once, and a forked child for each page."""
