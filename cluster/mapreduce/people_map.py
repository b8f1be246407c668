#!/usr/bin/env python3
"""First map: a line of a log to `user, day <tab> second, hour, query`.

The framework brings the lines of one person on one day together: that is what robots are told by.
"""

import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from search_lines import hour_start, searches


def main() -> None:
    log_format, zone = sys.argv[1:]
    days = ZoneInfo(zone)
    for search in searches(iter(sys.stdin.buffer), log_format, zone):
        day = datetime.fromtimestamp(search.second, days).date()
        row = (search.user, day, search.second, hour_start(search.second, days), search.query)
        sys.stdout.buffer.write("{}\t{}\t{}\t{}\t{}\n".format(*row).encode())


if __name__ == "__main__":
    main()
