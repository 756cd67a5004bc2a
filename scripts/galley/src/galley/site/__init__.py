"""Shows recorded cells on a page.

In the builder, a Markdown extension looks cells up in their records and never executes anything. In the command, the
site is built with it.
"""
