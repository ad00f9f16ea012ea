"""The till: turns outside facts (cards, cash, bank transfers) into journal entries."""
