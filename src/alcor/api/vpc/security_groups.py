"""A project's security groups and their rules, and which ports are members."""

from collections.abc import Callable

import msgspec

from alcor.api.http import Handler, Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import items, required
from alcor.model.errors import not_found
from alcor.model.resources.alcor import PROJECT_SECURITY_GROUP, PROJECT_SECURITY_GROUP_RULE
from alcor.model.resources.security_group import DEFAULT_NAME
from alcor.model.schema import holding, some, taking
from alcor.model.values import Convert, uuid
from alcor.services.security.security_group import DEFAULT_GROUP_FIRST, SECURITY_GROUPS, defaults_of
from alcor.services.security.security_group_binding import Binding, Bindings, bind, unbind
from alcor.services.security.security_group_rule import SECURITY_GROUP_RULES
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_BINDINGS = "port_binding_security_groups"
_BINDING: dict[str, Convert] = {"port_id": uuid, "security_group_id": uuid}


def _says(summary: str) -> Operation:
    bound = some(taking(_BINDING))
    return Operation(summary, "security groups", holding({_BINDINGS: bound}), holding({_BINDINGS: bound}), 201)


def security_group_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Security Group Manager under the prefix of a project."""
    routes: list[Route] = []
    for manager, resource in (
        (SECURITY_GROUPS, PROJECT_SECURITY_GROUP),
        (SECURITY_GROUP_RULES, PROJECT_SECURITY_GROUP_RULE),
    ):
        own = msgspec.structs.replace(manager, access=msgspec.structs.replace(manager.access, resource=resource))
        path = f"{prefix}/{resource.collection.replace('_', '-')}"
        shape = Shape(path, resource.name, resource.collection, answers_delete=True)
        collection = Collection(store, own, page_limit, shape)
        routes += [*collection.routes(), collection.bulk_route()]
        if manager is SECURITY_GROUPS:
            shown = msgspec.structs.replace(collection.described.show(), summary="The project's default security group")
            routes.append(Route("GET", f"{path}/default/{{tenant_id}}", _default_group(store, collection), shown))
    return [
        *routes,
        Route("POST", f"{prefix}/bind-security-groups", _binding(store, bind), _says("Make ports members")),
        Route("POST", f"{prefix}/unbind-security-groups", _binding(store, unbind), _says("End memberships of ports")),
    ]


def _default_group(store: Store, collection: Collection) -> Handler:
    """Show the default group of the project of the path; it has one from now on."""

    async def show(request: Request) -> Response:
        project_id, context = request.parameters["project_id"], request.context
        if request.parameters["tenant_id"] != project_id:
            raise not_found("project", request.parameters["tenant_id"])
        if await store.read(lambda connection: DEFAULT_GROUP_FIRST.needed(connection, context, project_id)):
            await store.write(lambda transaction: DEFAULT_GROUP_FIRST.operation(transaction, project_id))
        found = await store.read(lambda connection: defaults_of(connection, [project_id]))
        if project_id not in found:
            raise not_found("security_group", DEFAULT_NAME)
        request.parameters["id"] = found[project_id]
        return await collection.show(request)

    return show


def _binding(store: Store, change: Callable[[Transaction, Bindings], None]) -> Handler:
    async def handler(request: Request) -> Response:
        said = [required(item, _BINDING) for item in items(request.json(), _BINDINGS)]
        wanted = [Binding(each["port_id"], each["security_group_id"]) for each in said]
        bindings = Bindings(request.parameters["project_id"], wanted, request.context)
        await store.write(lambda transaction: change(transaction, bindings))
        shown = [{"id": each.id} | its for each, its in zip(wanted, said, strict=True)]
        return json_response(201, {_BINDINGS: shown})

    return handler
