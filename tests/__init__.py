"""What the house promises, one folder for each package."""
