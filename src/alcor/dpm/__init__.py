"""Data Plane Manager: from committed changes to what every host should have, and back to what ports are."""
