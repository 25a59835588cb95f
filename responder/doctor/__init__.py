"""What is wrong with a deployment, why, and how it is fixed."""
