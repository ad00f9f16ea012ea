"""Entry points of the stage: the remote, the way to it, and setting up the evening."""
