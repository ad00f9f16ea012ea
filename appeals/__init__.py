"""The shop window and the hall: appeals, targets, thermometers, league tables, live pages."""
