"""Pledges: money that was called for and promised, from the floor to the bank. Never raised."""
