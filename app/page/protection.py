"""What stands between the page and those who ask: addresses, limits, login, uploads; the outermost first."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.page.guard import Guard
from app.page.limits import Limits, allowance_of
from app.page.login import ADDRESSES, Accounts, Login
from app.page.server import Wrap
from app.page.upload_gate import AROUND, UploadGate

API = "/v1/"
USUAL_RATE = 60  # requests a minute of one client that cost something


@dataclass(frozen=True, kw_only=True)
class Protection:
    """How a page is protected.

    Args:
        accounts: who may come in; None for everybody.
        rate: requests a minute of one client that cost something; 0 for no limit.
        hosts: names by which the server may be called; none for all.
        behind_proxy: whether a proxy of ours stands before it.
        api: whether the API is served beside the page.
        api_has_key: whether it asks for a key of its own.
        framed_by: which sites may show the page in a frame.
    """

    accounts: Accounts | None = None
    rate: int = USUAL_RATE
    hosts: Collection[str] = ()
    behind_proxy: bool = False
    api: bool = False
    api_has_key: bool = False
    framed_by: str = "'none'"

    @property
    def shared(self) -> bool:
        """Whether one address may hold as many connections as all: it is the proxy's, or one client may do what all may."""
        return self.behind_proxy or self.rate == 0

    def guards(self, title: str, uploads: Path | None, most_bytes: int) -> list[Wrap]:
        """What stands around the server.

        Args:
            title: of the page.
            uploads: the folder that files come to; None where none may be sent.
            most_bytes: of a file.
        """
        more = [*(ADDRESSES if self.accounts else ()), *([API] if self.api else ())]
        guards: list[Wrap] = [
            partial(Guard, hosts=self.hosts, upload=uploads is not None, more=more, framed_by=self.framed_by,
                    behind_proxy=self.behind_proxy),
            partial(Limits, allowance=allowance_of(self.rate, upload=most_bytes + AROUND), behind_proxy=self.behind_proxy),
        ]  # fmt: skip
        if self.accounts:
            guards.append(
                partial(Login, accounts=self.accounts, title=title, two_languages=True, api_has_key=self.api_has_key,
                        behind_proxy=self.behind_proxy)
            )  # fmt: skip
        if uploads is not None:
            guards.append(partial(UploadGate, folder=uploads, most_bytes=most_bytes))
        return guards
