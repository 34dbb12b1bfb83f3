"""What decisions ask of a knowledge that does not change any more, prepared as far as asked."""

from online_models.knowledge.knowledge import Knowledge

NOTHING = "none"  # the version of a knowledge that learned nothing


class Known:
    """A snapshot of what is known of all customers, as scorers use it.

    Answers are for the moment of the newest session that was learned, so that they are the same
    until the next snapshot.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        count = knowledge.sessions_count
        self.version = str(count) if count else NOTHING
