"""Fault injection: what every operation leaves behind when storage fails at any of its calls.

`injection.py` numbers the calls of storage and the changes that Python makes to files, and fails or
photographs at them; `readers.py` reads every dataset meanwhile and compares roots row for row;
`test_changes.py` does it for changes alone (every call), `test_operations.py` for the operations
of whole jobs: a spread of the calls in `make test`, all of them in `make fault-test`.
"""
