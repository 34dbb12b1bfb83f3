"""One customer's own moves between kinds of behaviour, in a few bytes of the row."""

from features.events import EventType
from features.session_record import CODE_OF

MAX_MOVES = 12
_HALVE_AT = 64


def add(moves: dict[str, int], before: EventType, after: EventType) -> None:
    """Count a move; at most 12 kinds of moves and 150 bytes as JSON.

    When a count reaches 64 all are halved, so that what was done lately weighs more; of too many
    kinds the seldom one goes, on a tie the last in the alphabet.

    Examples
    --------
    >>> moves: dict[str, int] = {}
    >>> add(moves, "product.viewed", "cart.added")
    >>> moves
    {'mc': 1}
    """
    one, other = CODE_OF.get(before), CODE_OF.get(after)
    if one is None or other is None:
        return
    name = one + other
    moves[name] = moves.get(name, 0) + 1
    if moves[name] >= _HALVE_AT:
        for known in list(moves):
            moves[known] //= 2
            if not moves[known]:
                del moves[known]
    if len(moves) > MAX_MOVES:
        del moves[min(sorted(set(moves) - {name}, reverse=True), key=lambda known: moves[known])]


def probability(
    moves: dict[str, int], before: EventType, after: EventType, prior: float, doubt: float = 4.0
) -> float:
    """Give the chance of a move for this customer; one who is little known leans on everybody's.

    Parameters
    ----------
    prior
        Everybody's chance of the same move.
    doubt
        Moves from `before` after which the customer's own share weighs as much as the prior.

    Examples
    --------
    >>> probability({"mc": 4}, "product.viewed", "cart.added", prior=0.1)
    0.55
    """
    one = CODE_OF.get(before, "")
    count = sum([held for name, held in moves.items() if name[0] == one]) if one else 0
    own = moves.get(one + CODE_OF.get(after, "?"), 0)
    return (own + doubt * prior) / (count + doubt)
