"""Reading a PDF in a test: its words, without where they stand, and its pages."""

import re
import zlib


def words_of(content: bytes) -> str:
    """What is written on the pages, in the order in which it was drawn."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    # The last byte may be a carriage return, and be taken for the line's end: all is drawn then.
    drawn = b"".join(
        zlib.decompressobj().decompress(one) for one in streams if one.startswith(b"x")
    )
    shown = re.findall(rb"\((.*?)\) Tj", drawn)
    return b" ".join(shown).replace(b"\\", b"").decode("cp1252")


def pages_of(content: bytes) -> int:
    """How many pages it has."""
    return content.count(b"/Type /Page\n")
