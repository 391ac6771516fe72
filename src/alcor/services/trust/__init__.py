"""Whom controllers and hosts trust: authorities, join tokens, certificates and their revocation."""
