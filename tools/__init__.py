"""Programs for those who work on Responder."""
