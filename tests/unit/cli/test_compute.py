"""Whether Nova is told, and where it is, as the options of a controller say."""

import click
import pytest

from alcor.cli.compute import settings
from alcor.controller.compute.settings import ComputeSettings


@pytest.mark.parametrize(
    ("has_keystone", "told", "url", "region", "expected"),
    [
        (True, None, "", "", ComputeSettings()),
        (True, True, "http://nova:8774/v2.1", "one", ComputeSettings("http://nova:8774/v2.1", "one")),
        (True, False, "", "", None),
        (False, None, "", "", None),
        (False, False, "", "", None),
    ],
)
def test_nova_is_told_where_there_is_a_keystone_unless_it_is_said(
    has_keystone: bool, told: bool | None, url: str, region: str, expected: ComputeSettings | None
) -> None:
    assert settings(has_keystone, told, url, region) == expected


@pytest.mark.parametrize(
    ("has_keystone", "told", "url", "region", "advice"),
    [
        (False, True, "", "", "--auth keystone"),
        (False, None, "http://nova", "", "--compute-events"),
        (True, False, "", "one", "--compute-events"),
        (True, None, "nova:8774", "", "https://HOST:8774/v2.1"),
    ],
)
def test_what_contradicts_itself_is_refused(
    has_keystone: bool, told: bool | None, url: str, region: str, advice: str
) -> None:
    with pytest.raises(click.UsageError, match=advice):
        settings(has_keystone, told, url, region)
