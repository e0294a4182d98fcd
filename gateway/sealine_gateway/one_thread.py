"""One object that blocks (SQLite, files) behind one thread of its own, for use from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class OneThread(Generic[S]):
    """Owns the object; every call runs in the one thread, in the order of asking."""

    def __init__(self, name: str, make: Callable[[], S]) -> None:
        """Make the object in the thread; what `make` raises comes out here."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        try:
            self._object = self._thread.submit(make).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def run(self, work: Callable[[S], T]) -> T:
        """The result of `work(object)`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._object)

    def close(self) -> None:
        """Wait for the work that was asked for and end the thread."""
        self._thread.shutdown()
