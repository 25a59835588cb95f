"""How the schema came to be, step by step: read by Alembic, for both databases."""
