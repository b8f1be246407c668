"""How good the results are: each beside its rivals, on any log that has been taken in; no Spark."""
