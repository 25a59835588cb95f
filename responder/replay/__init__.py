"""Cassettes: recorded incidents, played again and compared."""
