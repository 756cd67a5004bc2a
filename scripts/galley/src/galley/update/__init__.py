"""What a newer release of a package or of a model touches, and how a guide moves to it.

In the command.
"""
