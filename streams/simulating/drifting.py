"""How soon a policy is again as good as it was before its customers changed."""

from collections.abc import Sequence
from typing import Any

from simulation.play import TENTHS

HALF = TENTHS // 2
BEFORE = (HALF - 2, HALF)  # the tenths before the drift that say how good it was

Record = dict[str, Any]


def recovery(records: Sequence[Record], name: str = "policy") -> Record | None:
    """Tell a policy's share of the oracle before and after the drift, and when it is back.

    Summed over the worlds, tenth by tenth. `recovered_events` counts from the drift to the end of
    the first tenth that is as good as the two before the drift; None where none is, and no record
    at all where no customers changed or the oracle did not play.

    Examples
    --------
    >>> ours, best = [0] * 3 + [40, 40, 10, 30, 50, 50, 50], [100] * 10
    >>> world = {"drift": True, "events": 1_000, "tenths_minor": {"policy": ours, "oracle": best}}
    >>> told = recovery([world])
    >>> told["share_before"], told["shares_after"], told["recovered_events"]
    (0.4, [0.1, 0.3, 0.5, 0.5, 0.5], 300)
    """
    told = [record["tenths_minor"] for record in records if record["drift"]]
    if not told or any("oracle" not in tenths or name not in tenths for tenths in told):
        return None
    ours, best = (
        [sum(tenths[who][place] for tenths in told) for place in range(TENTHS)]
        for who in (name, "oracle")
    )
    before = sum(ours[slice(*BEFORE)]) / sum(best[slice(*BEFORE)])
    after = [mine / theirs for mine, theirs in zip(ours[HALF:], best[HALF:], strict=True)]
    back = next((place for place, share in enumerate(after, 1) if share >= before), None)
    events_count: int = records[0]["events"]
    return {
        "share_before": before,
        "shares_after": after,
        "recovered_events": None if back is None else back * events_count // TENTHS,
    }
