"""How many different people there are in several counts: sketches that can be united.

A sketch is the least `SKETCH_SIZE` of the people's ids, ascending (array of long). Ids are hashes,
spread evenly, so the k-th least tells how dense they lie (Beyer and others, On synopses for
distinct-value estimation, SIGMOD 2007). Unlike Spark's HLL sketches these have the same bytes on
every run, and need nothing of the Java version (docs/decisions/0003).
"""

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

#: Below so many people the number is exact; above, its standard error is 1 / √(SKETCH_SIZE - 2),
#: 3.1 %.
SKETCH_SIZE: Final = 1024


def different_people(sketches: Column) -> Column:
    """Aggregate: the number of different people in several sketches, as long."""
    # sort_array, since array_sort compares by an expression, many times slower.
    people = F.array_distinct(F.flatten(F.collect_list(sketches)))
    least = F.slice(F.sort_array(people), 1, SKETCH_SIZE)
    # Ids are spread over all longs: the share of them that lies below the last one in the sketch.
    below_last = (F.element_at(least, -1).cast("double") + 2.0**63) / 2.0**64
    estimate = F.round((SKETCH_SIZE - 1) / below_last).cast("long")
    return F.when(F.size(least) < SKETCH_SIZE, F.size(least).cast("long")).otherwise(estimate)
