"""All controllers of a region seal topics with the same keys, until the authority is replaced at once."""

from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from alcor.channels.trust.refusals import Refusals
from alcor.controller.settings import ControllerError
from alcor.controller.trust import Trust
from alcor.services.trust import authorities, topic_secret
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store
from tests.integration.trust.region import HOUR

SECRET = b"a secret of an operator"


async def trust(store: Store, controller_id: str, secret: bytes = b"") -> Trust:
    refusals = Refusals(CollectorRegistry())
    made = Trust(store, controller_id, TrustSettings(secret), dict, refusals, lambda: 1_800_000_000.0)
    await made.load()
    return made


async def test_controllers_have_the_same_keys_without_a_word(store: Store) -> None:
    one, other = await trust(store, "1"), await trust(store, "2")
    assert one.topic_keys.told("vpc-1") == other.topic_keys.told("vpc-1")


async def test_a_rotation_changes_no_key_and_an_authority_that_is_replaced_all(store: Store) -> None:
    controllers = [await trust(store, "1"), await trust(store, "2")]
    before = controllers[0].topic_keys.told("vpc-1")
    await store.write(partial(authorities.rotate, secret=b"", lifetime=24 * HOUR))
    for each in controllers:
        await each.look()
        assert each.topic_keys.told("vpc-1") == before
    await store.write(partial(authorities.replace, secret=b""))
    for each in controllers:
        await each.look()
    after, same = (each.topic_keys.told("vpc-1") for each in controllers)
    assert after == same
    assert not set(after.values()) & set(before.values())


async def test_what_was_kept_in_the_clear_is_encrypted_and_nobody_else_reads_it(store: Store) -> None:
    before = (await trust(store, "1")).topic_keys.told("vpc-1")
    encrypted = await trust(store, "1", SECRET)
    assert encrypted.topic_keys.told("vpc-1") == before
    assert b"ENCRYPTED" in await store.read(topic_secret.read)
    with pytest.raises(ControllerError, match="--authority-secret-file"):
        await trust(store, "2")
