"""Trying again what collided: two callers who write the same people at once."""

from collections.abc import Callable

from django.db import IntegrityError, OperationalError, transaction
from psycopg import errors

ATTEMPTS = 10
#: What another transaction may do to this one. What failed is then asked anew: whom it names may
#: be gone by now, or have come.
COLLISIONS = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
)


class Collided(Exception):
    """Raised by a transaction that finds by itself that another one was quicker."""


def in_transaction[T](apply: Callable[[], T]) -> T:
    """Return what ``apply`` returns, run in a transaction, again where it collided with another.

    Raises the error of the last collision after ``ATTEMPTS``.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return apply()
        except (Collided, OperationalError, IntegrityError) as error:
            if not isinstance(error, Collided) and not isinstance(error.__cause__, COLLISIONS):
                raise
            last = error
    raise last
