"""What this guide adds to galley: a kind of output, a list, and its hooks. Pages import nothing of it."""
