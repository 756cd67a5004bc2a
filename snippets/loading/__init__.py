"""What the runner does under `from_pretrained`: what may load, and what is noted of it.

`page` has the hooks that run in a page, `downloads` the one that runs before any.
`catalogue` can be read without torch. A snippet file imports none of it.
"""
