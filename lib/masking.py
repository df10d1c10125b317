"""Naming a secret where it must not be shown."""


def mask(secret: str) -> str:
    """Return ``secret`` as everyone may see it: its last four characters at most.

    A text that is not printable ASCII is no secret of ours, and a header could not carry it.
    """
    shown = len(secret) >= 16 and secret.isascii() and secret.isprintable()
    return "••••" + (secret[-4:] if shown else "")
