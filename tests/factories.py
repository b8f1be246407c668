"""Rows with every field but the one under test already filled in, and who works on them."""

from pipeline.carriers.session import in_process
from tests.kernels.rows import at as at
from tests.kernels.rows import search as search
from tests.kernels.rows import searches as searches

#: What opens roots in tests: all work is done in this process.
HERE = in_process(workers=2)
