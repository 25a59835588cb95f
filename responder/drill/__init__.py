"""Drills: the whole way of an alert, walked with marked lines and a marked alert."""
