"""What the speaker may say next: read from what came, screened by people, read at the lectern."""
