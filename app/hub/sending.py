"""One push: the repository looked at, created where it is not there, large files first, then one commit, then its tag.

Readers never see half of it: until the commit nothing of it is visible. What was interrupted is taken up by the next
push, for the Hub keeps the large files that arrived. What somebody else changed there is not replaced unasked.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from app.hub.asked import Asked, Sent
from app.hub.greeting import whoami
from app.hub.opening import ask_for_hardware, create, tell_what_it_is, unseen
from app.hub.parcel import Parcel
from app.hub.patience import Patience, bars_on_terminals, hasty_requests, unwrapped
from app.hub.planning import Plan, may_replace, named, planned, told_loss
from app.hub.refusals import Place, in_our_words
from app.hub.remote import Head, Remote, commits_of, digest_of, look, marks, next_tag, tags_of
from app.hub.told import size_told
from app.output import Output
from chatbot.errors import InputError
from chatbot.language import number, tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Found = TypeVar("Found")
LARGE = 10_000_000  # bytes: the Hub keeps any such file apart from the commit; it is sent and told by itself
CHANGED = 412  # status of a commit on something else than the newest one


class Sending:
    """A push on its way.

    Args:
        api: the Hub's client.
        parcel: what is sent.
        asked: the options.
        output: where it is told.
        patience: with the network.
        arrived: is told the commit as soon as it is there.
    """

    def __init__(
        self, api: "HfApi", parcel: Parcel, asked: Asked, output: Output, patience: Patience, *,
        arrived: Callable[[str], None],
    ):  # fmt: skip
        self._arrived = arrived
        self._api, self._parcel, self._asked, self._output, self._patience = api, parcel, asked, output, patience
        secrets = tuple(asked.opening.secrets.values()) if asked.opening else ()
        self._place = Place(kind=parcel.kind, repo=asked.repo, token=str(api.token), secrets=secrets)
        self._stopped = tr("Rien n'a été envoyé.", "Nothing was sent.")
        self.public = False  # what the repository is, whatever was asked for; known once it is open

    def send(self) -> Sent:
        """Sends what is new.

        Raises:
            InputError, WorldError: as `app.hub.deliver.deliver`.
        """
        tries = len(self._patience.waits) + 1
        with in_our_words(lambda: self._place, lambda: self._stopped, tries), hasty_requests(), bars_on_terminals():
            try:
                return self._sent()
            except KeyboardInterrupt:
                self._output.say(tr(f"\n{self._stopped} La même commande reprend là.",
                                    f"\n{self._stopped} The same command goes on from there."))  # fmt: skip
                raise

    def _sent(self) -> Sent:
        self._greet()
        remote, created = self._opened()
        self.public = not remote.private
        plan = self._planned(remote)
        commit = remote.head.commit if remote.head else ""
        if plan.empty:
            tag = self._tag_of_what_is_there(remote, plan)
        else:
            self._require_unchanged(remote, plan)
            commit = self._commit(remote, plan, self._uploaded(plan))
            self._arrived(commit)
            tag = self._tagged(commit, plan.tag)
        return Sent(
            repo=self._asked.repo, url=self._url, commit=commit, tag=tag, sent=tuple(item.path for item in plan.new),
            removed=plan.gone, left=plan.left, unchanged=len(self._parcel.items) - len(plan.new), created=created,
        )  # fmt: skip

    @property
    def _url(self) -> str:
        kind = "" if self._parcel.kind == "model" else f"{self._parcel.kind}s/"
        return f"{self._api.endpoint}/{kind}{self._asked.repo}"

    def _patiently(self, act: Callable[[], Found], done: Callable[[], Found | None] | None = None) -> Found:
        return self._patience.through(act, done=done)

    def _greet(self) -> None:
        """Asks who the token's owner is: a wrong one is told before anything else."""
        user = whoami(self._api, self._patience).get("name", "")
        self._place = replace(self._place, user=str(user))

    def _opened(self) -> tuple[Remote, bool]:
        """The repository, and whether it was created for this push."""
        asked, kind = self._asked, self._parcel.kind
        remote = self._patiently(lambda: look(self._api, kind, asked.repo))
        if remote is not None:
            tell_what_it_is(remote, asked, self._output)
            if asked.opening and (hardware := asked.opening.hardware):
                self._patiently(lambda: ask_for_hardware(self._api, asked.repo, hardware))
            return remote, False
        self._patiently(lambda: create(self._api, kind, asked))
        seen = tr("public", "public") if asked.public else tr("privé", "private")
        self._output.say(tr(f"Dépôt créé : {asked.repo} ({seen}).", f"Repository created: {asked.repo} ({seen})."))
        self._stopped = tr("Le dépôt est créé ; il est encore vide.", "The repository is created; it is still empty.")
        remote = self._patiently(lambda: look(self._api, kind, asked.repo))
        if remote is None:
            raise unseen(asked.repo)
        return remote, True

    def _planned(self, remote: Remote) -> Plan:
        tag = self._asked.tag or next_tag(remote.tags)
        plan = self._patiently(lambda: planned(self._api, self._parcel, self._asked.repo, remote, tag))
        there = remote.tags.get(plan.tag)
        if there and not (plan.empty and remote.head and there == remote.head.commit):
            raise InputError(
                tr(f"{self._asked.repo} : l'étiquette {plan.tag} est déjà celle d'un autre envoi ({there[:7]}). Rien n'a été envoyé.\n"
                   f"Donnez un autre --tag, ou aucun : ce sera {next_tag(remote.tags)}.",
                   f"{self._asked.repo}: the tag {plan.tag} is that of another push already ({there[:7]}). Nothing was sent.\n"
                   f"Give another --tag, or none: it will be {next_tag(remote.tags)}.")
            )  # fmt: skip
        return plan

    def _require_unchanged(self, remote: Remote, plan: Plan) -> None:
        """Raises InputError where the newest commit is not of this folder, unless it may be replaced."""
        head = remote.head
        if head and not may_replace(head, remote, self._parcel, self._asked, self._place.user):
            raise self._changed_by(head, told_loss(plan, remote), pushed_before=remote.last_push is not None)

    def _changed_by(self, head: Head, loss: str = "", *, pushed_before: bool = True) -> InputError:
        """The error for a repository whose newest commit is not ours; `loss` is what this push would replace there."""
        repo, authors = self._asked.repo, ", ".join(head.authors)
        by = tr(f", par {authors}", f", by {authors}") if authors else ""
        commit = self._place.clean(f"« {head.title} » ({head.commit[:7]}, {head.date:%Y-%m-%d %H:%M} UTC{by})")
        loss = f"\n{loss}" if loss else ""
        if not pushed_before:
            return InputError(
                tr(f"{repo} n'est pas vide, et aucun envoi de Causette ne l'a rempli : {commit}. Rien n'a été remplacé.\n"
                   f"Prenez un autre nom ; ou, pour y mettre cet envoi (l'historique garde le reste), ajoutez --overwrite.{loss}",
                   f"{repo} is not empty, and no push of Causette filled it: {commit}. Nothing was replaced.\n"
                   f"Take another name; or, to put this push there (the history keeps the rest), add --overwrite.{loss}")
            )  # fmt: skip
        return InputError(
            tr(f"{repo} a été changé ailleurs que d'ici depuis votre dernier envoi : {commit}. Rien n'a été remplacé.\n"
               f"Regardez ce changement : {self._url}/commits/main\n"
               f"Pour mettre votre version à sa place (l'historique le garde), ajoutez --overwrite.{loss}",
               f"{repo} was changed from elsewhere since your last push: {commit}. Nothing was replaced.\n"
               f"Look at that change: {self._url}/commits/main\n"
               f"To put your version in its place (the history keeps it), add --overwrite.{loss}")
        )  # fmt: skip

    def _uploaded(self, plan: Plan) -> list[Any]:
        """Sends the large files, one after the other, then the others that the Hub takes as large ones (by their kind)."""
        from huggingface_hub import CommitOperationAdd

        items = sorted(plan.new, key=lambda item: item.size, reverse=True)
        additions = [CommitOperationAdd(path_in_repo=item.path, path_or_fileobj=item.source) for item in items]
        large = sum(item.size >= LARGE for item in items)
        for count in range(large):
            self._stopped = _arrived(count, large)
            size, which = size_told(items[count].size), f"{number(count + 1)}/{number(large)}"
            self._output.say(
                tr(f"Envoi {which} : {items[count].path} ({size})…", f"Sending {which}: {items[count].path} ({size})…")
            )
            self._upload([additions[count]])
        self._stopped = _arrived(large, large)
        if rest := additions[large:]:
            self._upload(rest)
        return additions

    def _upload(self, additions: list[Any]) -> None:
        """Sends files that the Hub keeps apart; small ones travel in the commit itself."""
        kind, repo = self._parcel.kind, self._asked.repo

        def act() -> bool:
            with unwrapped():
                self._api.preupload_lfs_files(repo, additions=additions, repo_type=kind, free_memory=False)
            return True

        self._patiently(act)
        if ignored := [addition.path_in_repo for addition in additions if addition._should_ignore]:
            raise InputError(
                tr(f"{repo} : le .gitignore de ce dépôt écarte {named(ignored)} : le Hub ne les prendrait pas. {self._stopped}\n"
                   "Retirez ces lignes du .gitignore sur la page du dépôt, puis relancez la même commande.",
                   f"{repo}: the .gitignore of this repository leaves out {named(ignored)}: the Hub would not take them. {self._stopped}\n"
                   "Take those lines out of the .gitignore on the repository's page, then run the same command again.")
            )  # fmt: skip

    def _commit(self, remote: Remote, plan: Plan, additions: list[Any]) -> str:
        from huggingface_hub import CommitOperationDelete
        from huggingface_hub.errors import HfHubHTTPError

        operations = [*additions, *(CommitOperationDelete(path_in_repo=path) for path in plan.gone)]
        digest, description = digest_of(self._parcel), marks(self._parcel, plan.left)
        before = remote.head.commit if remote.head else None

        def act() -> str:
            with warnings.catch_warnings(record=True) as remarks:
                made = self._api.create_commit(
                    self._asked.repo, operations, commit_message=self._parcel.title, commit_description=description,
                    repo_type=self._parcel.kind, parent_commit=before,
                )  # fmt: skip
            for remark in remarks:
                self._output.say(self._place.clean(str(remark.message)))
            return str(made.oid)

        def done() -> str | None:
            """The commit, where it was made and only the answer was lost."""
            commits = commits_of(self._api, self._parcel.kind, self._asked.repo)
            head = commits[0] if commits else None
            if head is None or head.commit == before:
                return None
            if head.parcel != digest:
                raise self._changed_by(head)
            return head.commit

        try:
            return self._patiently(act, done)
        except HfHubHTTPError as error:
            if error.response.status_code != CHANGED or (found := self._patiently(done)) is None:
                raise
            return found

    def _tagged(self, commit: str, tag: str) -> str:
        """Names a commit; with the next number where somebody took that one in the meantime, unless it was asked for."""
        from huggingface_hub.errors import HfHubHTTPError

        kind, repo = self._parcel.kind, self._asked.repo
        self._stopped = tr(f"Les fichiers sont sur le Hub (commit {commit[:7]}), sans leur étiquette {tag}.",
                           f"The files are on the Hub (commit {commit[:7]}), without their tag {tag}.")  # fmt: skip

        def act() -> str:
            # Without a message: a tag that has one may be listed by a name of its own, not by its commit's.
            self._api.create_tag(repo, tag=tag, revision=commit, repo_type=kind)
            return tag

        def done() -> str | None:
            return tag if tags_of(self._api, kind, repo).get(tag) == commit else None

        try:
            return self._patiently(act, done)
        except HfHubHTTPError as error:
            tags = self._patiently(lambda: tags_of(self._api, kind, repo)) if error.response.status_code == 409 else {}
            if tags.get(tag) == commit:
                return tag
            if tag not in tags or self._asked.tag:
                raise
            return self._tagged(commit, next_tag(tags))

    def _tag_of_what_is_there(self, remote: Remote, plan: Plan) -> str | None:
        """The tag of what is there already; made now where it was asked for, or where the last push could not."""
        if remote.head is None:
            return None
        here = remote.tag_at(remote.head.commit)
        if self._asked.tag:
            return plan.tag if plan.tag in remote.tags else self._tagged(remote.head.commit, plan.tag)
        return here if here or remote.head.parcel is None else self._tagged(remote.head.commit, plan.tag)


def _arrived(count: int, large: int) -> str:
    if not large:
        return tr("Rien n'en est encore visible sur le Hub.", "Nothing of it is visible on the Hub yet.")
    return tr(f"Gros fichiers arrivés : {number(count)} sur {number(large)} ; rien n'en est encore visible sur le Hub.",
              f"Large files arrived: {number(count)} of {number(large)}; nothing of it is visible on the Hub yet.")  # fmt: skip
