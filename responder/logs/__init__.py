"""Where error logs are read and report links are found."""
