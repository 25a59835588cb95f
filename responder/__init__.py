"""Responder answers a Grafana alert before a person can."""

__version__ = "0.1.0"
