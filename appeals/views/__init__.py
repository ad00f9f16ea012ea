"""Entry points of the shop window: pages for people, JSON for machines."""
