"""Telling others what Responder does: Grafana, IRM, one outgoing webhook."""
