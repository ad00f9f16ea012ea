"""What the treasury prints: sheets, labels and slips as PDF. Blank forms: nothing here is kept."""
