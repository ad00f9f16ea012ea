"""Reading the files that banks write, whatever the bank: into lines that all look alike."""
