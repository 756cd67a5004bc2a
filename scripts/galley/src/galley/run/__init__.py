"""Runs pages.

In the command, a client sends a job for each page. In the runner, which imports once what pages need, a server forks a
process for each job. In a page's child, one page runs.
"""
