"""The demo: a small cloud on this machine that shows, promise by promise, that it works."""
