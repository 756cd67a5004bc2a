"""A page as a file of its own that runs: a Python script, or a notebook with the recorded outputs.

In the command, and in the builder, which offers both on each page.

The code stands in the order in which it runs, as in the snippet file. A piece of prose belongs to the cell that follows
it on the page. So where a page shows its cells in another order, the prose moves and the code does not.
"""
