"""The one way in which the names of people who sign in are compared.

Such a name is an e-mail address. Sign-in, lock-out, uniqueness and invitations all compare what
``comparable`` returns, and never two addresses as they were typed.
"""

from unicodedata import normalize

#: The most characters of a name that can be kept: those of an e-mail address.
MOST_CHARACTERS = 254


def comparable(address: str) -> str:
    """Return what ``address`` is compared by: NFKC and case folding, without spaces around it.

    Two addresses are the same name if, and only if, this is the same for both.
    """
    before, folded = None, address
    # Folding may give letters that NFKC changes once more.
    while before != folded:
        before, folded = folded, normalize("NFKC", folded).casefold().strip()
    return folded
