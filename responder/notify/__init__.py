"""Telling others what Responder does: dashboards, IRM, one webhook."""
