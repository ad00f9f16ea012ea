"""The bank's side: statements are read, their lines matched with the books, and confirmed.

Nothing here is posted without a person's word, except by ``confirming`` once they gave it.
"""
