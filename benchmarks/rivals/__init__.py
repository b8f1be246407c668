"""The same three results in other engines, for comparison."""
