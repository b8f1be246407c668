"""Write a log of people who navigate: from one much used query to the next, and words in between.

    python tools/navigational_log.py LANDING/log.tsv

3,000 people with three favourites each among thirty hubs; near half of all searches are for one,
the others have one to three words of 120, now and then one word more or less than the search
before. For the evaluation of related searches: here words mislead, and what is popular comes next.
"""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

SEED: Final = 7
PEOPLE: Final = 3000
DAYS: Final = 60
#: Of searches: for a hub; and of the others, as the one before with a word more or less.
FOR_A_HUB: Final = 0.45
CHANGED: Final = 0.27
HUBS: Final = [
    head + tail
    for head in ("boo", "zi", "qua", "ny", "ex", "jo")
    for tail in ("ster", "zo", "mble", "ko", "rra")
]
WORDS: Final = [
    head + tail
    for head in ("ka", "lo", "mi", "ren", "tas", "vor", "pel", "sun", "gar", "dim", "hol", "fen")
    for tail in ("na", "ter", "son", "lia", "mar", "dos", "vic", "ple", "gon", "ras")
]


def searches(random: np.random.Generator) -> Iterator[tuple[datetime, int, str]]:
    """Time, user and query, by user and session."""
    of_hub = 1 / (np.arange(len(HUBS)) + 1.5)
    of_hub /= of_hub.sum()
    of_word = (np.arange(len(WORDS)) + 3.0) ** -0.8
    of_word /= of_word.sum()

    def words(number: int) -> str:
        return " ".join(random.choice(WORDS, number, replace=False, p=of_word))

    for user in range(PEOPLE):
        favourites = random.choice(HUBS, 3, replace=False, p=of_hub)
        for _ in range(random.poisson(12)):
            begin = datetime(2026, 3, 2) + timedelta(seconds=int(random.uniform(0, DAYS * 86_400)))
            query = ""
            for place in range(1 + random.geometric(0.45)):
                if random.random() < FOR_A_HUB:
                    mine = random.random() < 0.5
                    query = str(
                        random.choice(favourites) if mine else random.choice(HUBS, p=of_hub)
                    )
                elif query and query not in HUBS and random.random() < CHANGED:
                    parts = query.split(" ")
                    is_less = len(parts) > 1 and random.random() < 0.5
                    query = " ".join(parts[:-1]) if is_less else f"{query} {words(1)}"
                else:
                    query = words(int(random.integers(1, 4)))
                yield begin + timedelta(seconds=40 * place), user, query


def main(file: Path) -> None:
    rows = sorted(searches(np.random.default_rng(SEED)))
    lines = (f"{at.isoformat()}+09:00\tu{user}\t{query}\n" for at, user, query in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
