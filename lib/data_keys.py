"""Keys for one purpose each, derived from the data keys of the installation."""

import hashlib
import hmac

from django.conf import settings


def derived(purpose: bytes) -> list[bytes]:
    """Return a 32-byte key for ``purpose`` from each of ``settings.DATA_KEYS``, newest first."""
    return [hmac.new(key.encode(), purpose, hashlib.sha256).digest() for key in settings.DATA_KEYS]
