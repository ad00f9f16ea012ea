"""Reading a PDF in a test: its words, without where they stand, its pages and its QR codes."""

import re
import zlib

import segno


def words_of(content: bytes) -> str:
    """What is written on the pages, in the order in which it was drawn."""
    shown = re.findall(rb"\((.*?)\) Tj", _drawn(content))
    return b" ".join(shown).replace(b"\\", b"").decode("cp1252")


def pages_of(content: bytes) -> int:
    """How many pages it has."""
    return content.count(b"/Type /Page\n")


def codes_in(content: bytes) -> list[list[str]]:
    """The QR codes, in the order in which they were drawn, as rows of ``#`` and spaces.

    A code is a run of filled bars: the first is the upper edge of its first corner, of seven.
    """
    bar = rb"(?:[\d.]+ [\d.]+ [\d.]+ -?[\d.]+ re f\s+)"
    runs = re.findall(rb"(" + bar + rb"{20,})", _drawn(content) + b"\n")
    return [_rows_of(run) for run in runs]


def code_of(address: str) -> list[str]:
    """The code that a scanner reads as that address."""
    matrix = segno.make(address, error="m", micro=False).matrix
    return ["".join("# "[not cell] for cell in row) for row in matrix]


def _rows_of(run: bytes) -> list[str]:
    bars = [tuple(map(float, line.split()[:4])) for line in run.splitlines() if line.strip()]
    left, top, module = bars[0][0], bars[0][1], bars[0][2] / 7
    size = round((max(x + width for x, _, width, _ in bars) - left) / module)
    rows = [[" "] * size for _ in range(size)]
    for x, y, width, _ in bars:
        start = round((x - left) / module)
        for column in range(start, start + round(width / module)):
            rows[round((top - y) / module)][column] = "#"
    return ["".join(row) for row in rows]


def _drawn(content: bytes) -> bytes:
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    # The last byte may be a carriage return, and be taken for the line's end: all is drawn then.
    return b"".join(zlib.decompressobj().decompress(one) for one in streams if one.startswith(b"x"))
