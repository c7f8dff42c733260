"""Items made in the background while the last one is worked on."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
END: Any = object()


def ahead(items: Iterable[Item], depth: int = 2) -> Generator[Item, None, None]:
    """The same items in the same order, up to `depth` of them made in advance by one thread.

    An exception of `items` is raised where its item was due. The thread has ended when this iterator is exhausted or
    closed.
    """
    source = iter(items)
    maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
    try:
        made = deque(maker.submit(next, source, END) for _ in range(depth))
        while (item := made.popleft().result()) is not END:
            made.append(maker.submit(next, source, END))
            yield item
    finally:
        maker.shutdown(cancel_futures=True)
