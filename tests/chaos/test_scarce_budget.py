"""P4: a budget for few coupons, given by workers that are killed, paused and told to stop."""

import json
import os
import signal
from itertools import chain
from pathlib import Path
from random import Random

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import PARTITIONS_COUNT, Trial, on_trial, trial_settings
from tests.verifier.leases import LeaseBook
from tests.verifier.log import Log
from tests.verifier.rows import PARTITION_KEY

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

STEP_SECONDS = 90.0
COUPON_MINOR = 500
SOME_COUNT = 100
CATALOGUE = """
campaigns:
  - id: scarce
    budget: {budget}
    per_user: 100
    coupons:
      - {{id: five, kind: amount_off, save: 5.00, title: Five off, per_user: 100, validity: 30d}}
"""


def is_killed(trial: Trial, number: int) -> None:
    """End a worker at once."""
    trial.supervisor.send(number, signal.SIGKILL)


def owner_from(trial: Trial, number: int) -> int:
    """Give this worker, or the next one that has partitions: there may be more than partitions."""
    running: list[int] = trial.supervisor.running()
    trial.supervisor.await_ready(running, scale().seconds(STEP_SECONDS))
    for name in chain(range(number, max(running) + 1), range(number)):
        log = trial.supervisor.log_of(name).read_text("utf-8") if name in running else ""
        assigned = [line for line in log.splitlines() if "newly assigned partitions" in line]
        if assigned and ".shop." in assigned[-1]:
            return name
    message = f"one of {running} must have partitions, had none"
    raise AssertionError(message)


def stands_still_and_wakes(trial: Trial, number: int) -> None:
    """Pause a worker until another took its partitions over; woken, it has to end."""
    number = owner_from(trial, number)
    others = [name for name in trial.supervisor.running() if name != number]
    logs = [trial.supervisor.log_of(name) for name in others]

    def taken_count() -> int:
        return sum(log.read_text("utf-8").count("a partition was taken over") for log in logs)

    before_count = taken_count()
    pid = trial.supervisor.send(number, signal.SIGSTOP)
    seconds = scale().seconds(STEP_SECONDS)
    trial.observer.until(lambda: taken_count() > before_count, seconds, "others must take over")
    trial.supervisor.send(number, signal.SIGCONT)
    trial.supervisor.exit_of(pid, seconds)


def leaves_and_comes_back(trial: Trial, number: int) -> None:
    """Have the partitions shared out anew, twice."""
    trial.supervisor.await_ready([number], scale().seconds(STEP_SECONDS))
    trial.supervisor.exit_of(trial.supervisor.retire(number), scale().seconds(STEP_SECONDS))
    trial.supervisor.start(number)


def stranded_minor(log: Log, budget_minor: int) -> int:
    """Return what of the budget is neither held nor spent, as the newest accounts have it."""
    accounts = {
        record.partition: json.loads(record.value or b"")["ledger"]["accounts"]
        for record in log.changelog
        if record.key == PARTITION_KEY
    }
    found = [known["scarce"] for known in accounts.values() if "scarce" in known]
    return budget_minor - sum(int(one["held_minor"]) + int(one["spent_minor"]) for one in found)


def refills_ms(log: Log) -> list[int]:
    """Tell how long each ask that was granted something waited, by Kafka's append times; sorted."""
    book, waits = LeaseBook.of(log.asks, log.grants), []
    for party in book.parties():
        asked = {one.seq: one.at_ms for one in book.asks.get(party, ())}
        before_minor = 0
        for one in book.grants.get(party, ()):
            total_minor = sum(one.totals.values())
            if total_minor > before_minor and one.answers in asked:
                waits.append(one.at_ms - asked[one.answers])
            before_minor = total_minor
    return sorted(waits)


def test_p4_few_coupons_are_given_once_and_all_of_them_whoever_dies(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    draw, is_long = Random(scale().seed), scale().is_long
    coupons_count, triggers_count = (100, 20_000) if is_long else (20, 1_500)
    workers_count, kills_count, more_count = (8, 10, 10) if is_long else (3, 1, 1)
    workers_count = int(os.environ.get("CHAOS_WORKERS") or workers_count)
    path = tmp_path / "catalogue.yaml"
    budget_minor = coupons_count * COUPON_MINOR
    path.write_text(CATALOGUE.format(budget=budget_minor / 100), "utf-8")
    settings = trial_settings(
        chaos_kafka.bootstrap,
        catalogue_file=path,
        random_ratio=0.98,  # nearly all are given whatever may be given
        holdout_ratio=0.0,
        business_as_usual_ratio=0.0,
        margin_ratio=0.9,
    )
    acts = [is_killed] * kills_count + [leaves_and_comes_back] * more_count
    acts += [stands_still_and_wakes] * (more_count // 2)
    draw.shuffle(acts)
    with on_trial(settings, tmp_path, workers_count=workers_count) as trial:
        trial.warm_up()
        workers, seconds = trial.supervisor, scale().seconds(STEP_SECONDS)
        for act in acts:
            workers.until(lambda: len(workers.running()) == workers_count, seconds, "all must run")
            act(trial, draw.randrange(workers_count))
            trial.observer.until_more(SOME_COUNT, seconds)
        # What may stay where it was leased to: less than a coupon in every partition, and the purse
        # of the arm that thinks before it gives.
        stranded_count = PARTITIONS_COUNT + 1
        trial.observer.until(
            lambda: (
                trial.observer.decisions_count >= triggers_count
                and trial.observer.offers_count >= coupons_count - stranded_count
            ),
            10 * seconds,
            f"{triggers_count} decisions must be made, and the coupons given",
        )
        trial.conclude("P4", f"{coupons_count} coupons, workers killed and others", len(acts))
        log = trial.drain()
        left_minor = stranded_minor(log, budget_minor)
    waits = refills_ms(log)
    print(f"{left_minor} of {budget_minor} left; {trial.observer.decisions_count} decisions")
    if waits:
        half, most = waits[len(waits) // 2], waits[-1]
        print(f"{len(waits)} refills: half within {half} ms, the slowest {most} ms")
    assert 0 <= left_minor <= stranded_count * COUPON_MINOR
