"""Shows recorded cells on a page.

In the builder: a Markdown extension that looks cells up in their records, and never executes anything. In the command:
what builds the site with it.
"""
