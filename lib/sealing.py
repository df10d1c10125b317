"""Secrets at rest: sealed, so that they can be shown again, and digests by which to find them.

Both use keys derived from ``settings.DATA_KEYS``, the newest first: the newest seals, all open.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet

from lib.data_keys import derived


def seal(secret: str) -> bytes:
    """Return ``secret`` as a Fernet token, under the newest data key."""
    return _cipher().encrypt(secret.encode())


def unseal(token: bytes | memoryview) -> str:
    """Return the secret in ``token``.

    Raises ``cryptography.fernet.InvalidToken`` where no data key of ours sealed it.
    """
    return _cipher().decrypt(bytes(token)).decode()


def digests(secret: str) -> list[str]:
    """Return the HMAC-SHA256 of ``secret`` in hex under every data key, the newest first."""
    # With surrogatepass any JSON string has one; one that is not text equals none of ours.
    raw = secret.encode("utf-8", "surrogatepass")
    return [hmac.new(key, raw, hashlib.sha256).hexdigest() for key in derived(b"digest")]


def _cipher() -> MultiFernet:
    return MultiFernet(Fernet(base64.urlsafe_b64encode(key)) for key in derived(b"cipher"))
