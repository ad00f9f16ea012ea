"""The books: organisation, branches, accounts, journal. Knows nothing of appeals or cards."""
