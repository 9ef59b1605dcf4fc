"""What the values of each feature look like, and how far they moved away from the last runs."""
