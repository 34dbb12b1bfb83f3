"""Knowledge as plain JSON under a header that is checked: the same knowledge, or a refusal."""

from collections.abc import Callable
from typing import Any

from online_models.knowledge.knowledge import Knowledge
from online_models.refusals import Reason, SnapshotRefused, require, require_shape

FORMAT = 1
MAX_BYTES = Knowledge.MAX_BYTES + 1_000

Digest = Callable[[dict[str, Any]], str]
Written = dict[str, Any]
_SHAPE: dict[str, Any] = {
    "format": int,
    "knowledge_id": str,
    "version": str,
    "offset": int,
    "digest": str,
    "signature": str,
}
_PARTS = frozenset(Knowledge().dump())


def dump(knowledge: Knowledge, *, knowledge_id: str, offset: int, digest: Digest) -> Written:
    """Write down what is known after the session at `offset`; `signature` is left empty."""
    state = knowledge.dump()
    header = {
        "format": FORMAT,
        "knowledge_id": knowledge_id,
        "version": str(knowledge.sessions_count),
        "offset": offset,
        "digest": "",
        "signature": "",
    }
    header["digest"] = digest({"header": header, "knowledge": state})
    return {"header": header, "knowledge": state}


def signed(written: Written, sign: Callable[[str], str]) -> Written:
    """Give it with the signature of its digest."""
    header = written["header"]
    return written | {"header": header | {"signature": sign(header["digest"])}}


def load(
    written: Written,
    *,
    knowledge_id: str,
    digest: Digest,
    verify: Callable[[str, str], bool] | None = None,
) -> tuple[Knowledge, int]:
    """Give the knowledge, and the offset of the last session that it learned.

    Raises
    ------
    SnapshotRefused
        It is damaged, foreign, of another format, or signed by nobody we trust.
    """
    require_shape(written, {"header": _SHAPE, "knowledge": dict})
    header, state = written["header"], written["knowledge"]
    found = header["format"]
    require(found == FORMAT, Reason.UNKNOWN_FORMAT, f"must be {FORMAT}, was {found}")
    require(header["knowledge_id"] == knowledge_id, Reason.OTHER_MODEL, header["knowledge_id"])
    plain = header | {"digest": "", "signature": ""}
    whole = digest({"header": plain, "knowledge": state})
    require(whole == header["digest"], Reason.BAD_DIGEST, f"was {header['digest'][:80]!r}")
    signature = header["signature"]
    trusted = signature == "" if verify is None else verify(whole, signature)
    require(trusted, Reason.BAD_SIGNATURE, f"signed by nobody we trust: {signature[:80]!r}")
    require(
        state.keys() == _PARTS, Reason.WRONG_TYPE, f"knowledge must hold exactly {sorted(_PARTS)}"
    )
    try:
        return Knowledge.load(state), header["offset"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise SnapshotRefused(Reason.WRONG_VALUE, repr(error)) from error
