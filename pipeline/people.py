"""How many different people there are in several counts, from their sketches."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def different_people(sketches: Column) -> Column:
    """Aggregate: the different people in HLL sketches (`hll_sketch_agg` of user ids), as long.

    Up to some 385 people the estimate is exact but for a collision in a million. Above, a sketch
    made in one piece remembers the order in which people came (its HIP estimator), and its estimate
    changes from run to run by 2 %. A union of two sketches forgets the order, so every union is
    united with itself once more: then equal people give equal estimates.
    """
    united = F.hll_union_agg(sketches)
    return F.hll_sketch_estimate(F.hll_union(united, united))
