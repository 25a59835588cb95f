"""Responder as real processes that are killed where it hurts most."""
