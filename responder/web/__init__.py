"""HTTP: webhooks, pages, API, forms and health."""
