"""Webhook senders: how they authenticate and what their bodies say."""
