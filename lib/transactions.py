"""Trying again what collided: two callers who write the same people at once."""

from collections.abc import Callable
from functools import wraps

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from psycopg import errors
from rest_framework.exceptions import APIException

ATTEMPTS = 10
#: What another transaction may do to this one. Trying again looks up the profiles anew: some may
#: be gone by now, others new.
COLLISIONS = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
)


#: What ends by itself when a lock was awaited for too long.
LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
#: A database that was stopped, has crashed, or starts: the classes of SQLSTATE.
AWAY = ("08", "57P")


class Collided(Exception):
    """Raised by a transaction that finds by itself that another one was quicker."""


class ResourceLocked(Collided, APIException):
    """Others hold what is to be written, or were quicker each time: the caller tries later."""

    status_code = 423
    default_detail = "Resource locked"


def is_locked(error: BaseException) -> bool:
    """Tell whether ``error`` says that others hold, or were quicker with, what is to be written."""
    return isinstance(error, ResourceLocked) or isinstance(error.__cause__, LOCKED)


def is_away(error: BaseException) -> bool:
    """Tell whether ``error`` says that the database is away: it stopped or crashed, or starts."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    # Where the connection broke off, or none was to be had, there is no SQLSTATE.
    return state is None or state.startswith(AWAY)


def retried[**P, T](apply: Callable[P, T]) -> Callable[P, T]:
    """Run ``apply`` in a transaction, and again where it collided with another one: a decorator.

    It raises ``ResourceLocked`` after ``ATTEMPTS`` collisions, and at once where a lock was awaited
    for longer than the transaction allows.
    """

    @wraps(apply)
    def applied(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    return apply(*args, **kwargs)
            except (Collided, OperationalError, IntegrityError) as error:
                if isinstance(error.__cause__, errors.LockNotAvailable):
                    raise ResourceLocked from None
                if not isinstance(error, Collided) and not isinstance(error.__cause__, COLLISIONS):
                    raise
        raise ResourceLocked

    return applied
