"""Compares what a run left behind with the run that nothing interrupted, byte for byte."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from streams import wire
from streams.app import source_of
from streams.partitions import Partition
from streams.settings import Settings
from tests.chaos.harness.uninterrupted import Letter, Uninterrupted
from tests.verifier.catalogue import read_campaigns
from tests.verifier.log import Log, Record, Terms
from tests.verifier.verify import verify

SHOWN_COUNT = 5


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was wrong; nothing may be.

    Attributes
    ----------
    altered_count
        Decisions of a trigger that differ from those of the uninterrupted run.
    broken
        What the verifier found broken, or could not look at.
    """

    decisions_count: int = 0
    inputs_count: int = 0
    letters_count: int = 0
    lost_count: int = 0
    doubled_count: int = 0
    altered_count: int = 0
    wrong_letters_count: int = 0
    wrong_outcomes_count: int = 0
    wrong_rows_count: int = 0
    is_in_order: bool = True
    broken: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether the run is the uninterrupted one."""
        wrong = (
            self.lost_count,
            self.doubled_count,
            self.altered_count,
            self.wrong_letters_count,
            self.wrong_outcomes_count,
            self.wrong_rows_count,
        )
        return not any(wrong) and self.is_in_order and not self.broken

    def accuse(self, text: str) -> None:
        """Keep an example for people."""
        if len(self.examples) < SHOWN_COUNT:
            self.examples.append(text)


def judge(settings: Settings, log: Log, wanted: Uninterrupted) -> Verdict:
    """Compare decisions, dead letters, outcomes and rows."""
    verdict = Verdict(inputs_count=wanted.inputs_count)
    _judge_decisions(verdict, by_partition(log.decisions), wanted)
    _judge_letters(verdict, log.dead_letters, wanted)
    _judge_outcomes(verdict, log.outcomes, wanted)
    _judge_rows(verdict, settings, log.changelog, wanted)
    _judge_again(verdict, settings, log, wanted)
    return verdict


def _judge_again(verdict: Verdict, settings: Settings, log: Log, wanted: Uninterrupted) -> None:
    """Ask the program that shares no code with the worker."""
    report = verify(
        log,
        Terms(
            horizon_ms=settings.horizon_ms,
            campaigns=read_campaigns(settings.catalogue_path.read_text("utf-8")),
            decisions=chain.from_iterable(wanted.decisions.values()),
            outcomes=wanted.outcomes,
            state=wanted.state_lines(),
        ),
    )
    for check in report.checks:
        if check.faults_count or check.skipped:
            verdict.broken.append(check.name)
            verdict.accuse(f"{check.name}: {check.skipped or check.offenders[:2]}")


def by_partition(records: Iterable[Record]) -> dict[int, list[bytes]]:
    """Sort values by partition, in the order of their offsets."""
    found: defaultdict[int, list[bytes]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record.value or b"")
    return dict(found)


def _judge_decisions(
    verdict: Verdict, found: dict[int, list[bytes]], wanted: Uninterrupted
) -> None:
    for number in range(len(wanted.rows)):
        ours, theirs = found.get(number, []), wanted.decisions.get(number, [])
        verdict.decisions_count += len(ours)
        if ours == theirs:
            continue
        have, want = Counter(map(_trigger, ours)), Counter(map(_trigger, theirs))
        known = {_trigger(value): value for value in theirs}
        lost, more = want - have, have - want
        verdict.lost_count += lost.total()
        verdict.doubled_count += more.total()
        for trigger in chain(lost, more):
            verdict.accuse(f"{trigger} has {have[trigger]} decisions, must have {want[trigger]}")
        for value in ours:
            if known.get(_trigger(value), value) != value:
                verdict.altered_count += 1
                verdict.accuse(f"was {value!r}, must be {known[_trigger(value)]!r}")
        verdict.is_in_order = False


def _trigger(value: bytes) -> tuple[str, str]:
    decision = wire.decode_decision(value)
    return decision.user_id, decision.trigger_event_id


def _judge_letters(verdict: Verdict, records: Iterable[Record], wanted: Uninterrupted) -> None:
    found: Counter[Letter] = Counter()
    for record in records:
        headers = tuple((name, content or b"") for name, content in record.headers)
        found[record.key, record.value, headers] += 1
    want = Counter(chain.from_iterable(wanted.letters.values()))
    verdict.letters_count = found.total()
    verdict.wrong_letters_count = ((found - want) + (want - found)).total()
    if verdict.wrong_letters_count:
        verdict.accuse(f"dead letters: {found.total()}, must be {want.total()}")


def _judge_outcomes(verdict: Verdict, records: Iterable[Record], wanted: Uninterrupted) -> None:
    found = Counter(record.value or b"" for record in records)
    want = Counter(wanted.outcomes)
    verdict.wrong_outcomes_count = ((found - want) + (want - found)).total()
    if verdict.wrong_outcomes_count:
        verdict.accuse(f"outcomes: {found.total()}, must be {want.total()}")


def _judge_rows(
    verdict: Verdict, settings: Settings, records: Iterable[Record], wanted: Uninterrupted
) -> None:
    newest: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)
    for record in records:
        newest[record.partition][record.key or b""] = record.value or b""
    source = source_of(settings)
    for number, rows in wanted.rows.items():
        recovered = dict(Partition(number, dict(newest[number]), source).canonical())
        for key, row in rows:
            if recovered.pop(key, None) != row and number in newest:
                verdict.wrong_rows_count += 1
                verdict.accuse(f"row {key!r} of partition {number} differs")
        verdict.wrong_rows_count += len(recovered)
