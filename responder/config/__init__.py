"""The configuration: YAML and environment in, frozen `Settings` or every problem out."""
