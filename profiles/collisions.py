"""Trying again what collided: two callers who write the same people at once."""

from collections.abc import Callable
from random import uniform
from time import sleep

from django.db import IntegrityError, OperationalError, transaction
from psycopg import errors

ATTEMPTS = 8
#: Longest wait before the next attempt, in seconds: those who collided should not meet again.
LONGEST_WAIT = 0.05
#: What another transaction may do to this one. What failed is then asked anew: whom it names may
#: be gone by now, or have come.
COLLISIONS = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
)


def in_transaction[T](apply: Callable[[], T]) -> T:
    """Return what ``apply`` returns, run in a transaction, again where it collided with another.

    Raises the collision's error where none of ``ATTEMPTS`` was spared.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            with transaction.atomic():
                return apply()
        except (OperationalError, IntegrityError) as error:
            if not left or not isinstance(error.__cause__, COLLISIONS):
                raise
            sleep(uniform(0, LONGEST_WAIT))
    raise AssertionError("unreachable")
