"""A port that is a physical function (``direct-physical``) has the MAC of its device.

Nova says it in the profile of the binding: that of the device stays what it is, whatever network it is in (Neutron's
port-mac-override).
"""

from collections.abc import Mapping
from typing import Any

from alcor.model.errors import AlcorError
from alcor.model.values import mac_address

_IN_PROFILE = "device_mac_address"


def of_device(values: Mapping[str, Any]) -> str | None:
    """The MAC of the device that a port is, while it is bound. Raises AlcorError (400) for one that cannot be."""
    if values.get("binding:vnic_type") != "direct-physical" or not values.get("binding:host_id"):
        return None
    stated = values.get("binding:profile", {}).get(_IN_PROFILE)
    if not stated:
        return None
    try:
        address: str = mac_address(stated)
    except ValueError as error:
        raise AlcorError(
            400, "InvalidInput", f"Invalid input for binding:profile. Reason: {_IN_PROFILE}: {error}."
        ) from error
    return address


def follow(view: Mapping[str, Any], values: dict[str, Any]) -> bool:
    """Have the MAC of a changed port follow its device, and say whether it does.

    Of a device that the port no longer is, it keeps nothing: another port may be it.
    """
    after = {**view, **values}
    address = of_device(after)
    if address is not None:
        values["mac_address"] = address
        return True
    if "mac_address" in values or not (_was_device(view) or _is_given_up(view, after)):
        return False
    values["mac_address"] = None  # any other
    return True


def _was_device(view: Mapping[str, Any]) -> bool:
    return of_device(view) is not None


def _is_given_up(view: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    physical = view["binding:vnic_type"] == "direct-physical"
    return physical and bool(view["device_id"]) and not after["device_id"] and not after["device_owner"]
