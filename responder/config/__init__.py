"""The configuration: YAML and environment in, `Settings` or every problem out."""
