"""What runs beside this process for a while: started by a `with` block and closed by its end."""

from abc import ABC, abstractmethod
from typing import Self


class Started(ABC):
    """Something to start and to close, by calls or by a `with` block."""

    @abstractmethod
    def start(self) -> None:
        """Return when it is there."""

    @abstractmethod
    def close(self) -> None:
        """Let it go."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()
