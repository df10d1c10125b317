"""How a secret may be named where it must not be shown."""


def mask(secret: str) -> str:
    """Return ``secret`` as it may be shown to anyone: its last four characters at most.

    What is not printable ASCII is no secret of ours, and may be what no answer can carry.
    """
    shown = len(secret) >= 16 and secret.isascii() and secret.isprintable()
    return "••••" + (secret[-4:] if shown else "")
