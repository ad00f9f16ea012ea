"""Closing a period: the cash book and its tie-out, what is still open, and the closing itself."""
