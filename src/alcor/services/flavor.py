"""Flavors, service profiles, and the providers of services that profiles name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, conflict, invalid_input, not_found
from alcor.model.resources.flavor import FLAVOR, L3, SERVICE_PROFILE
from alcor.services.access import Access, everybody
from alcor.services.manager import Values
from alcor.services.plain import Change, Held, Plain, locked_row, plain_manager
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import flavor, flavor_service_profile, router, service_profile
from alcor.store.transaction import Transaction

ACCESS = Access(FLAVOR, flavor, everybody)
PROFILE_ACCESS = Access(SERVICE_PROFILE, service_profile, everybody)


class Provider(msgspec.Struct, frozen=True):
    """A provider of routers. ``flags`` are those attributes of routers that it says something of."""

    name: str
    driver: str
    flags: Mapping[str, bool] = {}


_NEUTRONS = "neutron.services.l3_router.service_providers"
PROVIDERS = (
    Provider("alcor", "alcor"),
    Provider("single_node", f"{_NEUTRONS}.single_node.SingleNodeDriver", {"distributed": False, "ha": False}),
    Provider("ha", f"{_NEUTRONS}.ha.HaDriver", {"distributed": False, "ha": True}),
    Provider("dvr", f"{_NEUTRONS}.dvr.DvrDriver", {"distributed": True, "ha": False}),
    Provider("dvrha", f"{_NEUTRONS}.dvrha.DvrHaDriver", {"distributed": True, "ha": True}),
)
"""Those of Neutron are here so that profiles written for it go on to be taken: all routers are made the same way."""

_PROFILES = (
    select(flavor_service_profile.c.flavor_id, flavor_service_profile.c.service_profile_id)
    .where(flavor_service_profile.c.flavor_id.in_(bindparam("flavors", expanding=True)))
    .order_by(flavor_service_profile.c.flavor_id, flavor_service_profile.c.position)
)
_LAST = select(func.max(flavor_service_profile.c.position)).where(
    flavor_service_profile.c.flavor_id == bindparam("flavor_id")
)


def service_providers() -> list[View]:
    """All providers, as Neutron shows them."""
    return [{"service_type": L3, "name": each.name, "default": each is PROVIDERS[0]} for each in PROVIDERS]


def _profiles_of(connection: Connection, flavor_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for flavor_id, profile_id in connection.execute(_PROFILES, {"flavors": flavor_ids}):
        found.setdefault(flavor_id, []).append(profile_id)
    return found


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    found = _profiles_of(connection, [row.id for row in rows])
    return [{"service_profiles": found.get(row.id, [])} for row in rows]


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    for profile_id in values.get("service_profiles", ()):
        associate(transaction, row.id, profile_id)


def _changed(transaction: Transaction, change: Change, row: Any) -> None:
    if "service_profiles" in change.values:
        bulk.delete_by(transaction.connection, flavor_service_profile, "flavor_id", [row.id])
        _written(transaction, row, change.values)


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    if bulk.select_by(transaction.connection, [router.c.id], router.c.flavor_id, [row.id]):
        raise conflict("FlavorInUse", f"Flavor {row.id} is used by some service instance.")
    bulk.delete_by(transaction.connection, flavor_service_profile, "flavor_id", [row.id])


def associate(transaction: Transaction, flavor_id: str, profile_id: str) -> None:
    """Have the profile make the flavor, if those before it do not. Raises AlcorError (404, 409)."""
    connection = transaction.connection
    locked_row(transaction, ACCESS, flavor_id)
    locked_row(transaction, PROFILE_ACCESS, profile_id)
    if profile_id in _profiles_of(connection, [flavor_id]).get(flavor_id, []):
        raise conflict(
            "FlavorServiceProfileBindingExists",
            f"Service Profile {profile_id} is already associated with flavor {flavor_id}.",
        )
    position = (connection.execute(_LAST, {"flavor_id": flavor_id}).scalar() or 0) + 1
    bulk.insert_rows(connection, flavor_service_profile, [(flavor_id, profile_id, position)])


def disassociate(transaction: Transaction, flavor_id: str, profile_id: str) -> None:
    """The profile makes the flavor no longer. Raises AlcorError (404)."""
    columns = flavor_service_profile.c
    gone = transaction.connection.execute(
        flavor_service_profile.delete().where(columns.flavor_id == flavor_id, columns.service_profile_id == profile_id)
    )
    if not gone.rowcount:
        raise _not_associated(flavor_id, profile_id)


def _not_associated(flavor_id: str, profile_id: str) -> AlcorError:
    return AlcorError(
        404,
        "FlavorServiceProfileBindingNotFound",
        f"Service Profile {profile_id} is not associated with flavor {flavor_id}.",
    )


def next_provider(connection: Connection, flavor_id: str) -> Provider:
    """The provider that makes the flavor. Raises AlcorError: 404 when nothing does, 503 when it is disabled."""
    row = ACCESS.rows(connection, [flavor_id], OPERATOR).get(flavor_id)
    if row is None:
        raise not_found("flavor", flavor_id)
    if not row.enabled:
        raise AlcorError(503, "FlavorDisabled", "Flavor is not enabled.")
    profiles = _profiles_of(connection, [flavor_id]).get(flavor_id)
    if not profiles:
        raise _not_associated(flavor_id, "")
    profile = PROFILE_ACCESS.rows(connection, profiles[:1], OPERATOR)[profiles[0]]
    if not profile.enabled:
        raise AlcorError(503, "ServiceProfileDisabled", "Service Profile is not enabled.")
    return _provider(profile.driver or PROVIDERS[0].driver)


def check_router(connection: Connection, values: Mapping[str, Any], asked: Iterable[str]) -> None:
    """Raises AlcorError unless a router of a flavor can be as it is ``asked`` to be, by these attributes."""
    provider = next_provider(connection, values["flavor_id"])
    for name in asked:
        if values[name] and not provider.flags.get(name, True):
            raise invalid_input(f"Provider {provider.name} does not support {name}={values[name]}")


def _provider(driver: str) -> Provider:
    for each in PROVIDERS:
        if each.driver == driver:
            return each
    raise AlcorError(404, "ServiceProfileDriverNotFound", f"Service Profile driver {driver} could not be found.")


def _prepare_profile(_transaction: Transaction, values: Values, _context: Context) -> Values:
    if values["driver"]:
        _provider(values["driver"])
    elif not values["metainfo"]:
        raise AlcorError(400, "ServiceProfileEmpty", "Service Profile needs either a driver or metainfo.")
    return values


def _apply_profile(transaction: Transaction, change: Change) -> Values:
    if change.values.get("driver"):
        _provider(change.values["driver"])
    if _is_used(transaction.connection, change.row.id):
        raise _in_use(change.row.id, "")
    return change.values


def _is_used(connection: Connection, profile_id: str) -> bool:
    columns = flavor_service_profile.c
    using = select(columns.flavor_id).where(columns.service_profile_id == profile_id).limit(1)
    return connection.execute(using).first() is not None


def _in_use(profile_id: str, _flavor_id: str) -> AlcorError:
    return conflict("ServiceProfileInUse", f"Service Profile {profile_id} is used by some service instance.")


FLAVORS = plain_manager(
    Plain(
        access=ACCESS,
        references={"service_profiles": PROFILE_ACCESS},
        written=_written,
        changed=_changed,
        forget=_forget,
        computed=_computed,
    )
)
SERVICE_PROFILES = plain_manager(
    Plain(
        access=PROFILE_ACCESS,
        prepare=_prepare_profile,
        apply=_apply_profile,
        held_by=(Held(flavor_service_profile.c.service_profile_id, _in_use),),
        path="service_profiles",
    )
)
