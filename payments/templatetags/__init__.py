"""Tags of the treasurer's pages."""
