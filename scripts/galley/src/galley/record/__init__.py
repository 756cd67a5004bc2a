"""Records: what pages produced when they ran, as plain files that git can show, and whether that is still true.

In every process.
"""
