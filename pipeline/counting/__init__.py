"""From searches to counts: pure functions on Polars tables, a day at a time."""
