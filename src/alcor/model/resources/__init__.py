"""The definition of each resource of the API, as data."""
