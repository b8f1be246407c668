#!/usr/bin/env python3
"""First reduce: one person's searches of a day to `hour, query <tab> 1`, each pair once.

Whoever searched more than 500 times that day is a robot, and all of it is left out. The same query
in the same second is one search. Memory: one person's day, and no more of it than 501 searches.
"""

import sys
from itertools import groupby

ROBOT_SEARCHES_A_DAY = 500


def main() -> None:
    rows = (line.decode().rstrip("\n").split("\t") for line in sys.stdin.buffer)
    for _, lines in groupby(rows, key=lambda row: row[:2]):
        seen = set()
        for _, _, second, hour, query in lines:
            if len(seen) <= ROBOT_SEARCHES_A_DAY:
                seen.add((second, hour, query))
        if len(seen) <= ROBOT_SEARCHES_A_DAY:
            for hour, query in sorted({(hour, query) for _, hour, query in seen}):
                sys.stdout.buffer.write(f"{hour}\t{query}\t1\n".encode())


if __name__ == "__main__":
    main()
