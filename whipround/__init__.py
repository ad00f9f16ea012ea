"""Wiring: settings, URLs, the server and the embedded database. No rule lives here."""
