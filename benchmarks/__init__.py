"""How fast the portal is, each figure beside its floor or peers in the same run.

``python -m benchmarks`` (``make bench``) prints a table and writes ``benchmarks/latest.json`` and
``docs/benchmarks.md``; ``PROFILES`` sets the number of users (1,000,000); names of figures run only
those. A module measures one part of the portal and
says at its top what is measured and how.
"""
