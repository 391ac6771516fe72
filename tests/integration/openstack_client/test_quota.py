"""Quotas, as the SDK speaks of them: ``openstack quota`` asks the identity service first."""

import pytest
from openstack.connection import Connection


@pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning")  # of one part of the SDK by another
def test_quotas_are_set_shown_and_reset(endpoint: str) -> None:
    with Connection(auth_type="none", endpoint=endpoint) as connection:
        network = connection.network
        assert network.get_quota("walrus").ports == -1
        assert network.update_quota("walrus", ports=7).ports == 7
        assert network.get_quota("walrus", details=True).ports == {"limit": 7, "used": 0, "reserved": 0}
        assert [quota.project_id for quota in network.quotas()] == ["walrus"]
        assert network.get_quota_default("walrus").ports == -1
        network.delete_quota("walrus")
        assert list(network.quotas()) == []
