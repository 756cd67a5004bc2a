"""What was seen, and whether it is still true: records as plain files that git can show.

In every process.
"""
