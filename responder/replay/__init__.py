"""Cassettes: incidents written down so that they can be lived through again.

`schema` is the file, `world` what it says of factory and logs, `masked` what keeps
credentials out of it, `recorded` writes one from an incident of the storage.
"""
