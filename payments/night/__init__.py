"""The record of a night that has ended: how it went, and what became of its figure since."""
