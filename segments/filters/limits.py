"""How large one filter may be: Braze's limits."""

MOST_VALUES = 256
#: As JSON.
MOST_BYTES = 10_000
