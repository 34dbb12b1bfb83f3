"""What of a budget and of a quota is given out where customers are dealt out unevenly.

`python -m tests.unit.coupons.skew 11 12 13` plays a month with each of these seeds.
"""

import sys
from collections import Counter
from random import Random
from statistics import mean

from coupons.accounts import share_of
from tests.unit.coupons.test_lending import HOUR_MS, Shop
from tests.unit.coupons.test_quotas import MUG, PARTITIONS, Group

BUDGET_MINOR = 200_000
CUSTOMERS_COUNT = 120


def pieces(seed: int, exponent: float) -> tuple[int, int, int]:
    """Offer a coupon with a quota to a customer an hour.

    Returns how many fixed shares would have given, how many leases give, and how many customers
    were told in vain before the last piece was out.
    """
    random, group = Random(seed), Group()
    weights = [(rank + 1) ** -exponent for rank in range(PARTITIONS)]
    quota, given_count, vain_count = MUG.quota or 0, 0, 0
    came: Counter[int] = Counter()
    for hour in range(CUSTOMERS_COUNT):
        for ledger in group.ledgers:
            ledger.advance(hour * HOUR_MS)
        (at,) = random.choices(range(PARTITIONS), weights)
        came[at] += 1
        is_given = group.offer(at)
        vain_count += not is_given and given_count < quota
        given_count += is_given
        group.talk()
    fixed_count = sum(min(count, share_of(quota, at, PARTITIONS)) for at, count in came.items())
    return fixed_count, given_count, vain_count


if __name__ == "__main__":
    seeds = [int(word) for word in sys.argv[1:]]
    print(f"seeds {seeds}, {Shop.PARTITIONS} partitions")
    for exponent in (1.0, 1.5):
        for ratio in (1.0, 0.5):
            months = [Shop(ratio, seed, BUDGET_MINOR, exponent).month() for seed in seeds]
            used, value = (mean(column) for column in zip(*months, strict=True))
            how = "leases" if ratio < 1.0 else "fixed shares"
            print(f"exponent {exponent}: {how} use {used:.1%} and buy {value:,.0f}")
    for exponent in (0.0, 1.0, 1.5, 3.0):
        found = [pieces(seed, exponent) for seed in seeds]
        fixed, leased, vain = (mean(column) for column in zip(*found, strict=True))
        print(
            f"exponent {exponent}: of {MUG.quota} pieces fixed shares give {fixed:.1f}, leases"
            f" {leased:.1f}; {vain:.1f} customers came in vain before the last was out"
        )
