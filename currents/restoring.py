"""After a dump and restore: transaction ids of another cluster mean nothing in this one.

They may lie far ahead of those that are given out here. A queue would then wait for a transaction
that is long over, and pass by what happens now. So what lies ahead is moved behind, in its order:
what waited is sent before anything new, and a little of what was sent may be sent again.
"""

from django.db import transaction

from lib.statements import Statements

statements = Statements.beside(__file__)


@transaction.atomic
def settle_in() -> bool:
    """Move what lies ahead of this cluster behind; tell whether anything did."""
    statements.count("lock")
    found = statements.rows("shift")
    for (shift,) in found:
        statements.count("events", shift=shift)
        statements.count("queues", shift=shift)
    return bool(found)
