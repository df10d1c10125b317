"""How large one filter may be."""

#: Braze's limits; the bytes are those of the filter as JSON.
MOST_VALUES = 256
MOST_BYTES = 10_000
#: No attribute or count is larger; beyond, PostgreSQL and JavaScript stop agreeing on numbers.
LARGEST_NUMBER = 10**30
