"""What a page shows, in whatever language: handed in by who serves it, so that the page knows no data and no training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.page.models import Models
from app.page.opinions import Opinions
from chatbot.chat import Chat
from chatbot.sampling import Sampling

if TYPE_CHECKING:
    from app.page.exhibits import AtlasOnDemand, Dialogues
    from app.page.trained import Exhibits
    from app.page.tuning_jobs import Jobs
    from app.page.user_test import UserTest


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Fine-tuning on the page.

    Args:
        jobs: who does the work; None where this server trains nothing.
        on_ready: told the name and the run folder of a model that its reader wants to try.
        why: in words and in the current language, why there are no `jobs`.
    """

    jobs: "Jobs | None" = None
    on_ready: Callable[[str, Path], object] = lambda name, folder: None
    why: Callable[[], str] = lambda: ""


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """A page's content; what is None has no tab.

    Args:
        chat: the model to talk to.
        sampling: how tokens are chosen at first.
        title: of the page, in its head and in the browser's tab.
        examples: questions to try, as plain text.
        reason: puts the reasoning layer around a model of that name on the page.
        models: all that there are to talk to and to compare, the first of them `chat`.
        opinions: who keeps readers' opinions of answers.
        user_test: a blind test, which then is the tab that opens.
        exhibits: what is known of the model, its data and its training.
        dialogues: its training dialogues.
        atlas: the words and lengths of its data.
        tuning: fine-tuning on the page; it stands in the tab of the training.
        logout: whether readers have come in by a login, and may go.
    """

    chat: Chat
    sampling: Sampling
    title: str = "Causette"
    examples: Sequence[str] = ()
    reason: Callable[[Chat, str], Chat] | None = None
    models: Models | None = None
    opinions: Opinions | None = None
    user_test: "UserTest | None" = None
    exhibits: "Exhibits | None" = None
    dialogues: "Dialogues | None" = None
    atlas: "AtlasOnDemand | None" = None
    tuning: Tuning | None = None
    logout: bool = False

    @property
    def upload(self) -> int:
        """The largest file that may be sent to the page, in bytes; 0 for none at all."""
        return self.tuning.jobs.most_bytes if self.tuning and self.tuning.jobs else 0
