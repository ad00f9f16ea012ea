"""The locked cabinet: who gave. Personal data lives here only, apart from the books."""
