"""Which life of the database a reader is in: what was read in one life proves nothing in another.

A bitmap is kept with the transactions that it has seen. That holds as long as the database only
goes forward. After a crash, a failover, or a restore it goes on from an earlier moment, and gives
out again transaction ids that readers saw before: a bitmap in the memory of a process would take
what the new transactions write for seen.

So PostgreSQL itself says when a life ends. A random token lies in an unlogged table: crash recovery
empties it, a promoted standby has it empty, a base backup does not hold it. What brings the token
along shows in the rest of the name: a restart of the server, a restore into another database, a
table that was made anew. It is read in the snapshot of whatever else is read.

*Stored* bitmaps stay good from one life to the next. One is written by a transaction that commits
after its snapshot was taken, in the same life: ``bitmaps.store`` checks it. Before that commit the
write-ahead log holds the end of every transaction that the snapshot saw, since none is seen before
its commit is flushed, and those that end without a flush come before the commit in the log all the
same. A database that has the stored row has all of the log up to it. So it has all that the bitmap
has seen, and gives none of those ids out again. Only a dump carries rows to a place where ids mean
something else: a stored bitmap says at which ``home`` it was written.
"""

from django.db import connection

#: The name of the present life, null where none has begun; and where rows of this table belong.
COLUMNS = """
    (
        select concat_ws(
            ' ', life.token, extract(epoch from pg_postmaster_start_time()), place.home
        ) from segments_databaselife as life
    ),
    place.home
"""
SOURCE = """
from (
    select concat_ws(
        ' ',
        (select system_identifier from pg_control_system()),
        (select oid from pg_database where datname = current_database()),
        'segments_leafbitmap'::regclass::oid
    ) as home
) as place
"""
BEGIN = """
insert into segments_databaselife (id, token) values (1, gen_random_uuid()) on conflict do nothing
"""

#: Waits for whoever ends this life, and has them wait for the reader.
HELD = "select from segments_databaselife for share; "
END = "update segments_databaselife set token = gen_random_uuid()"


def present() -> str | None:
    """Return the name of the present life, None where none has begun.

    It lasts as long as the transaction at least, but for what the database itself goes through.
    """
    with connection.cursor() as cursor:
        cursor.execute(HELD + "select " + COLUMNS + SOURCE)
        cursor.nextset()
        life: str | None = cursor.fetchone()[0]
        return life


def begin() -> None:
    """Begin a life where none has: from then on processes keep bitmaps in their memory."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN)


def end() -> None:
    """End the present life: no process goes on from what it has in its memory."""
    with connection.cursor() as cursor:
        cursor.execute(END)
