"""Cells of the files that are made for spreadsheets."""


def text_cell(text: str) -> str:
    """Text that stays text: one that begins like a formula stands behind an apostrophe."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") else text
