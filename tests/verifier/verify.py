"""The verdict on a run: every check over everything that was gathered."""

from itertools import chain

from tests.verifier.check_answers import check_answers
from tests.verifier.check_caps import check_caps
from tests.verifier.check_decisions import check_decisions
from tests.verifier.check_labels import check_labels
from tests.verifier.check_leases import check_leases
from tests.verifier.check_limits import check_limits
from tests.verifier.check_money import check_money
from tests.verifier.check_orders import check_orders
from tests.verifier.check_quotas import check_quotas
from tests.verifier.check_replay import check_replay
from tests.verifier.check_replies import check_replies
from tests.verifier.check_rows import check_rows
from tests.verifier.facts import Facts
from tests.verifier.log import Log, Terms
from tests.verifier.report import Report

CHECKS = (
    check_answers,
    check_decisions,
    check_replay,
    check_rows,
    check_labels,
    check_orders,
    check_money,
    check_leases,
    check_limits,
    check_quotas,
    check_caps,
    check_replies,
)


def verify(log: Log, terms: Terms | None = None) -> Report:
    """Judge a drained run.

    Raises
    ------
    UnreadableError
        There is nothing to judge.
    """
    facts = Facts(log, terms if terms is not None else Terms())
    found = chain.from_iterable(check(facts) for check in CHECKS)
    return Report(records=facts.counts, checks=list(found))
