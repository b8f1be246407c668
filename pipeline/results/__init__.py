"""From counts to what is shown: pure functions on Polars tables."""
