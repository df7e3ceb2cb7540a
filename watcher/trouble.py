"""What is not as it should be for a while: told when it begins, when it changes, and when it is over."""

from structlog.typing import FilteringBoundLogger


class Trouble:
    """One kind of trouble, under the event it begins with and the event it ends with."""

    def __init__(self, logger: FilteringBoundLogger, begins: str, ends: str) -> None:
        self._logger = logger
        self._begins = begins
        self._ends = ends
        self._fault: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether it has begun and is not over."""
        return self._fault is not None

    def tell(self, fault: str, **more: object) -> None:
        """It is so; said with what more there is to say, unless this very fault was said last."""
        if fault != self._fault:
            self._fault = fault
            self._logger.warning(self._begins, **more, fault=fault)

    def over(self, **more: object) -> None:
        """It is not, or no more."""
        if self._fault is not None:
            self._fault = None
            self._logger.info(self._ends, **more)
