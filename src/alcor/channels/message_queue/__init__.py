"""Reaching hosts over a message queue, Apache Pulsar. Whoever configures none needs no client of it installed."""
