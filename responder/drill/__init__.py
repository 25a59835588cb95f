"""Drills: the whole way of an alert, walked with a marked alert."""
