"""How a secret may be named where it must not be shown."""


def mask(secret: str) -> str:
    """Return ``secret`` as it may be shown to anyone: its last four characters at most."""
    return "••••" + (secret[-4:] if len(secret) >= 16 else "")
