"""A secret that controllers share is 32 bytes, and is read with the operator's only where there is one."""

import pytest

from alcor.channels.trust import certificates, kept_secrets

OPERATORS = b"a secret of an operator"


@pytest.mark.parametrize("operators", [b"", OPERATORS])
def test_a_secret_is_kept_and_no_two_are_the_same(operators: bytes) -> None:
    kept = [kept_secrets.new_secret(operators) for _ in range(2)]
    secrets = {kept_secrets.opened(each, operators) for each in kept}
    assert len(secrets) == 2 and all(len(secret) == 32 for secret in secrets)
    assert all(certificates.is_encrypted(each) == bool(operators) for each in kept)


@pytest.mark.parametrize("wrong", [b"", b"another secret"])
def test_it_is_read_with_the_operators_secret_only(wrong: bytes) -> None:
    with pytest.raises(ValueError):
        kept_secrets.opened(kept_secrets.new_secret(OPERATORS), wrong)


def test_one_that_was_kept_in_the_clear_is_the_same_when_it_is_encrypted() -> None:
    kept = kept_secrets.new_secret(b"")
    encrypted = kept_secrets.encrypted(kept, OPERATORS)
    assert kept_secrets.opened(encrypted, OPERATORS) == kept_secrets.opened(kept, b"")


def test_what_is_kept_of_another_kind_is_none() -> None:
    with pytest.raises(ValueError):
        kept_secrets.opened(certificates.new_key(), b"")
