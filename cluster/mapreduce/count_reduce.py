#!/usr/bin/env python3
"""Second reduce, and combiner: `hour, query <tab> people` to their sum."""

import sys
from itertools import groupby


def main() -> None:
    rows = (line.decode().rstrip("\n").rsplit("\t", 1) for line in sys.stdin.buffer)
    for key, lines in groupby(rows, key=lambda row: row[0]):
        sys.stdout.buffer.write(f"{key}\t{sum(int(people) for _, people in lines)}\n".encode())


if __name__ == "__main__":
    main()
