"""Template filters of the shop window."""
