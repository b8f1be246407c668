"""Reads `material.txt`: what people ask a Korean portal."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: A query (or a template, `{}` standing for the entity) and its weight.
Weighted = tuple[str, float]

_SKEW = 1.1


@dataclass(frozen=True, slots=True)
class Heads:
    """Queries that stand for themselves; one session may wander through them.

    Attributes:
        topic: the interest that they belong to.
        season: when they are asked, a key of `rhythm.SEASONS`.
        entity: whose group they extend; empty if they are a group of their own.
        queries: each with its weight.
    """

    topic: str
    season: str
    entity: str
    queries: tuple[Weighted, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Entities × aspects, one query each (제주도, 부산 × 맛집, 숙소).

    Attributes:
        topic: the interest that the queries belong to.
        season: when they are asked, a key of `rhythm.SEASONS`.
        weight: of all its queries together.
        skew: exponent of the Zipf law over the entities.
        groups: entities, commonest first, in groups of siblings.
        aspects: templates.
    """

    topic: str
    season: str
    weight: float
    skew: float
    groups: tuple[tuple[str, ...], ...]
    aspects: tuple[Weighted, ...]


@cache
def material() -> tuple[tuple[Heads, ...], tuple[Family, ...]]:
    """All heads and all families, in the file's order."""
    text = files("silgeom.simulate").joinpath("material.txt").read_text(encoding="utf-8")
    heads, families = [], []
    for block in "".join(_kept(text)).split("\0")[1:]:
        title, *rest = block.splitlines()
        kind, topic, season, *numbers = title.split(":")[0].split()
        if kind == "heads":
            heads.append(_heads(topic, season, title.partition(":")[2].strip()))
            continue
        groups = tuple(tuple(line[3:].split(",")) for line in rest if line.startswith("of "))
        aspects = "|".join(line[4:] for line in rest if line.startswith("ask "))
        weight, skew = [*map(float, numbers), _SKEW][:2]
        families.append(Family(topic, season, weight, skew, groups, _weighted(aspects)))
    return tuple(heads), tuple(families)


def _kept(text: str) -> list[str]:
    """Lines without comments; a NUL before each that begins a block."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(line.strip() if line[0] == " " else "\0" + line) + "\n" for line in lines]


def _heads(topic: str, season: str, line: str) -> Heads:
    entity = ""
    if line.startswith("@"):
        entity, _, line = line[1:].partition(" ")
    return Heads(topic, season, entity, _weighted(line))


def _weighted(line: str) -> tuple[Weighted, ...]:
    pairs = (part.strip().rpartition(" ") for part in line.split("|"))
    return tuple((text.strip(), float(weight)) for text, _, weight in pairs)
