"""What `responder doctor` asks by plain HTTP: our public address, and the factory."""
