"""Telling one format from another, and the letters from the bytes."""

import codecs
from typing import Final

from payments.banking.files.lines import StatementFileError
from payments.models import StatementImport

Format = StatementImport.Format

_LOOKED_AT: Final = 4096


def tell_format(content: bytes) -> StatementImport.Format:
    """Which format a file is in, by what it holds and not by its name.

    Raises:
        StatementFileError: It is none that we read.
    """
    head = decode(content[:_LOOKED_AT], is_part=True).lstrip()
    upper = head.upper()
    if not head:
        raise StatementFileError("The file is empty.")
    if upper.startswith("OFXHEADER") or "<OFX>" in upper or "<?OFX" in upper:
        return Format.OFX
    if "CAMT.053" in upper or "CAMT.052" in upper:
        return Format.CAMT
    if head.startswith(("<", "%PDF", "PK")):
        raise StatementFileError(
            "This is none of the formats that are read here. Export the statement from the bank "
            "as CSV, OFX or CAMT.053."
        )
    return Format.CSV


def decode(content: bytes, *, is_part: bool = False) -> str:
    """The text of a file: by its byte order mark, as UTF-8, or else as Windows wrote it.

    Args:
        content: The file's bytes.
        is_part: The file goes on: a letter may be cut at the end.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        return decoder.decode(content, final=not is_part)
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
