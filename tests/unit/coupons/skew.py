"""What of a budget is used, and bought with it, where customers are dealt out unevenly.

`python -m tests.unit.coupons.skew 11 12 13` plays a month with each of these seeds.
"""

import sys
from statistics import mean

from tests.unit.coupons.test_lending import Shop

BUDGET_MINOR = 200_000

if __name__ == "__main__":
    seeds = [int(word) for word in sys.argv[1:]]
    print(f"seeds {seeds}, {Shop.PARTITIONS} partitions")
    for exponent in (1.0, 1.5):
        for ratio in (1.0, 0.5):
            months = [Shop(ratio, seed, BUDGET_MINOR, exponent).month() for seed in seeds]
            used, value = (mean(column) for column in zip(*months, strict=True))
            how = "leases" if ratio < 1.0 else "fixed shares"
            print(f"exponent {exponent}: {how} use {used:.1%} and buy {value:,.0f}")
