"""The author's loop: a saved page re-renders, a saved snippet file runs again."""
