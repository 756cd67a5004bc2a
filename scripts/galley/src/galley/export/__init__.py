"""A page as a file of its own that runs: a Python script, or a notebook with the recorded outputs.

In the command, and in the builder, which offers both on each page.

Code stands in running order, as in the snippet file. A piece of prose travels with the cell that follows it on
the page, so where a page shows its cells in another order, prose moves and code does not.
"""
