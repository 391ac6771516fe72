"""What projects share with others."""
