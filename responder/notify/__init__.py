"""Notifications to Grafana, IRM and one outgoing webhook."""
