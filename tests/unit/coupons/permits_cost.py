"""What permits cost the one ledger: `python -m tests.unit.coupons.permits_cost 200000`."""

import json
import sys
import time
import tracemalloc

from coupons.catalogue import Campaign
from coupons.claims import Claim
from coupons.permits import Permits


def main(pots_count: int) -> None:
    spring = Campaign(campaign_id="spring", budget_minor=9, shared_caps={"device": 2})
    permits = Permits()
    permits.adopt({"spring": spring})
    pots = [f"spring/device/{number:012x}" for number in range(pots_count)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number, pot in enumerate(pots):
        told = {"pots": (pot,), "partition": 0, "now_ms": 1_760_000_000_000, "claim": number}
        permits.hear(Claim(says="wants", user_id="u", **told), 0)  # type: ignore[arg-type]
        permits.hear(Claim(says="used", until_ms=1_760_600_000_000, **told), 0)  # type: ignore[arg-type]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    claims = [
        Claim(says="wants", pots=(pot,), partition=1, now_ms=1_760_000_000_001, claim=number)
        for number, pot in enumerate(pots)
    ]
    began = time.process_time()
    for claim in claims:
        permits.hear(claim, 0)
    each_us = (time.process_time() - began) * 1e6 / pots_count
    state = permits.of(pots[0])
    kept = len(json.dumps(state, separators=(",", ":"))) + len(pots[0])
    said = f"{pots_count:,} pots: {(after - before) / pots_count:,.0f} bytes of memory each"
    print(f"{said}, {kept} bytes of key and value with two permits, {each_us:.1f} us a claim")


if __name__ == "__main__":
    main(int(sys.argv[1]))
