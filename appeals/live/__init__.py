"""Pushes readings to open pages as Server-Sent Events, from one task for all viewers.

``route`` answers HTTP, ``hub`` keeps who watches what, ``bus`` hears what changed, ``readings``
reads the books in a thread of its own, ``frames`` encodes. No viewer holds a thread or a database
connection.
"""
