"""The treasurer's pages: parse, call one writer or a few readers, render."""
