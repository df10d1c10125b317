"""Since when a subscription is as it is: the rule of the database, for the ORM."""

from typing import Any

from django.db.models import DateTimeField, Func, Q, Value

from profiles.standard import ATTRIBUTES

#: By the column of a subscription, the one that tells since when it is as it is.
SINCE = {each.column: each.since_column for each in ATTRIBUTES if each.since_column}


def begun(column: str, state: str, *, email: str | None = None) -> dict[str, Any]:
    """Return the column of the time with its value, for an update that sets the subscription
    ``column`` to ``state`` and, where ``email`` is given, the address to that.
    """
    moves = Value(False) if email is None else ~Q(email=email)
    since = SINCE[column]
    values = (Value(state), column, since, moves)
    return {since: Func(*values, function="subscription_since", output_field=DateTimeField())}
