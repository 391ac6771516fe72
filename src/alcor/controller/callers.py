"""Who callers are, where Keystone says so."""

from pathlib import Path

from alcor.api.identity import Authenticate
from alcor.api.identity.authenticate import keystone_authenticate
from alcor.api.identity.keystone import http_client
from alcor.api.identity.policy import PolicyError, RulePolicy
from alcor.api.identity.settings import KeystoneSettings
from alcor.api.rules import all_rules
from alcor.controller.settings import ControllerError


def keystone_callers(keystone: KeystoneSettings, policy_file: Path | None) -> Authenticate:
    """Callers as Keystone knows them, and what the policy lets them do. Raises ControllerError."""
    try:
        policy = RulePolicy(all_rules(), policy_file)
    except PolicyError as error:
        raise ControllerError(str(error)) from error
    return keystone_authenticate(keystone, policy, http_client())
