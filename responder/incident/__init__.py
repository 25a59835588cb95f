"""What an incident is and what to do about it: pure values and functions, no I/O.

Nothing in this package reads a clock, a network, a database, a log or a setting.
"""
