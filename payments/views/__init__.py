"""HTTP at the till: parse, call one writer or a few readers, render. No rule lives here."""
