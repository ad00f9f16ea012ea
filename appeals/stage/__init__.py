"""Directing the hall: what it sees, who may say so, and the figures that are held for it.

``commands`` and ``nights`` write; ``hall`` reads. Only the hall is directed: the public's pages
and the API go on telling the truth as it comes.
"""
