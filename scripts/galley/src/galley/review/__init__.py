"""What changed between two states of the records, and what is to become of it: accepted, rejected or held.

In the command.
"""
