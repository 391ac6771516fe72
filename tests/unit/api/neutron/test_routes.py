"""What the managers behind Neutron's API have in common."""

import pytest

from alcor.api.neutron.routes import MANAGERS
from alcor.model.resource import Kept
from alcor.services.manager import Manager


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.resource.name)
def test_what_is_filtered_by_without_a_column_has_a_condition(manager: Manager) -> None:
    attributes = manager.resource.attributes.values()
    worked_out = {each.name for each in attributes if each.kept is Kept.COMPUTED and each.parse_filter is not None}
    assert worked_out == manager.filters.keys()
