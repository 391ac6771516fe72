"""What the runner of the tests discovers: the two suites of the network API, as their packages have them."""

import unittest
from pathlib import Path

import neutron_tempest_plugin.api
import tempest.api.network

_SUITES = (tempest.api.network, neutron_tempest_plugin.api)


def load_tests(loader: unittest.TestLoader, _tests: unittest.TestSuite, _pattern: str | None) -> unittest.TestSuite:
    """The protocol of ``unittest`` for choosing what is discovered."""
    suite = unittest.TestSuite()
    for package in _SUITES:
        directory = Path(package.__path__[0])
        root = directory.parents[package.__name__.count(".")]
        suite.addTests(loader.discover(str(directory), top_level_dir=str(root)))
    return suite
