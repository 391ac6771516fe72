"""A project's network ACLs and their rules."""

from alcor.api.neutron.collection import Collection, Shape
from alcor.api.routes import Route
from alcor.api.vpc.bulk import bulk_routes
from alcor.services.manager import together
from alcor.services.security.network_acl import NETWORK_ACLS
from alcor.services.security.network_acl_rule import NETWORK_ACL_RULES
from alcor.store.store import Store


def network_acl_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Network ACL Manager under the prefix of a project."""
    routes: list[Route] = []
    for manager in (NETWORK_ACLS, NETWORK_ACL_RULES):
        resource = manager.resource
        path = f"{prefix}/{resource.collection.replace('_', '-')}"
        shape = Shape(path, resource.name, resource.collection, answers_delete=True)
        collection = Collection(store, manager, page_limit, shape)
        routes += [*collection.routes(), *bulk_routes(store, manager, collection, shape, together(manager.update))]
    return routes
