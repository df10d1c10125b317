"""A soak: the portal under steady use while its processes and its database are killed in turn.

Needs nothing but ``make setup``: the PostgreSQL server is its own, and so are all files but the
log, ``soak.log`` in the folder of ``VAR_DIR``.
"""
