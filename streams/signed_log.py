"""What the signatures of a log say: which records count, and which are to be signed anew."""

from collections import Counter
from dataclasses import dataclass, field

from streams.rows import PARTITION_KEY
from streams.signatures import Fault, Headers, NotBelievedError, Place, Signatures, disbelieve

_REPAIR = "COUPON_STATE_TRUST=repair goes on from the newest that are"
_MEANING: dict[Fault, str] = {
    "unsigned": "without a signature",
    "unknown_key": "signed with a key that is not in COUPON_STATE_KEY",
    "forged": "forged or altered",
    "put_back": "older than what came before it: put back",
}


@dataclass(slots=True)
class SignedLog:
    """The log of one partition: rows by key, of which the newest counts.

    A record that is not believed counts for nothing once a believed one of its key follows.

    Attributes
    ----------
    number
        That of the newest transaction.
    stale
        Keys whose newest record is to be signed anew: with the key in use, or at all.
    faults
        Keys whose newest record is not believed: at which offset, and why.
    passed_over
        All records that were not believed though signed, by fault.
    """

    signatures: Signatures
    place: Place
    is_ledger: bool = False
    number: int = 0
    stale: set[bytes] = field(default_factory=set)
    faults: dict[bytes, tuple[int, Fault]] = field(default_factory=dict)
    passed_over: Counter[Fault] = field(default_factory=Counter)

    def believes(self, offset: int, key: bytes, value: bytes | None, headers: Headers) -> bool:
        """Tell whether the next record counts."""
        try:
            number = self.signatures.number_of(self.place, key, value, headers)
            if number is not None and number < self.number:
                disbelieve("put_back")
        except NotBelievedError as refused:
            self.faults[key] = offset, refused.fault
            if refused.fault != "unsigned":
                self.passed_over[refused.fault] += 1
            return False
        self.faults.pop(key, None)
        if number is None or not self.signatures.is_current(headers):
            self.stale.add(key)
        else:
            self.stale.discard(key)
        self.number = number or self.number
        return True

    def objection(self, rows: dict[bytes, bytes]) -> str | None:
        """Say why nothing may be built on the rows that were read; None if it may."""
        faults = self.faults
        if self.signatures.trust == "repair":
            faults = {key: at for key, at in faults.items() if self._is_lost(key, rows)}
            remedy = "nothing signed is left of it: restore a backup"
        else:
            remedy = f"find out who writes there besides workers; {_REPAIR}"
        if not faults:
            return None
        offset, fault = min(faults.values())
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        return (
            f"the record at offset {offset}{more} must be signed by a worker, was"
            f" {_MEANING[fault]} ({fault}); {remedy}"
        )

    def to_renew(self) -> list[bytes]:
        """Name the keys whose rows are to be written again with a signature of now, sorted."""
        return sorted(self.stale | self.faults.keys())

    def _is_lost(self, key: bytes, rows: dict[bytes, bytes]) -> bool:
        # A customer begins anew; money without its books would be given twice.
        return (self.is_ledger or key == PARTITION_KEY) and key not in rows
