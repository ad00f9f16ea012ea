"""Four eyes: what one treasurer asks for, a second one confirms, and only then the books move.

``ways`` knows how each kind of act is done, ``asking`` and ``deciding`` write, ``records`` reads.
"""
