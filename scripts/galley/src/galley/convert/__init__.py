"""A notebook as a page and a snippet file: prose for the one, code for the other, and a sentence for what is lost.

In the command.
"""
