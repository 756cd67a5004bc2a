"""In the builder: a Markdown extension that looks recorded cells up and shows them.

In the command: what builds the site with it.
"""
