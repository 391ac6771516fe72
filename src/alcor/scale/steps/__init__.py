"""The steps of scenarios, carried out."""
