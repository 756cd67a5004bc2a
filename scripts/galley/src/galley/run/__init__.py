"""Runs pages.

In the command, a client sends jobs. In the runner, which imports once, a server forks a process for each. In a page's
child, one page runs.
"""
