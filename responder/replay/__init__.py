"""Cassettes: incidents written down, played again and compared."""
