"""What a push tells: long lists in short, where an interruption stopped it, what stands in its way."""

import pytest

from app.hub.deliver import Asked, deliver
from app.hub.parcel import item, parcel
from app.hub.sending import Sending
from app.hub.told import files_told
from app.output import Output
from chatbot.errors import InputError

CARD = b"---\nlicense: apache-2.0\n---\n# FAQ\n"


def test_a_long_list_tells_folders_and_leaves_nothing_out(tmp_path, capsys):
    pages = [item(f"app/page/{number}.py", b"x" * 100) for number in range(45)]
    few = [item(f"docs/{number}.md", b"y") for number in range(3)]
    asked = Asked(repo="zoe/page", dry_run=True, out=tmp_path / "page")
    deliver(parcel("space", "Page", item("README.md", CARD), *pages, *few), asked, Output())
    shown = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert "app/ (45 fichiers)" in shown and "4,5 ko" in shown and "app/page/7.py" not in shown
    assert all(name in shown for name in ("README.md", "docs/0.md", "docs/2.md", "49 fichiers"))
    deliver(parcel("space", "Page", item("README.md", CARD), *few), asked, Output())
    assert "docs/1.md" in capsys.readouterr().out


def test_one_file_is_one_file():
    assert files_told(1) == "1 fichier" and files_told(2) == "2 fichiers"


def test_an_interruption_says_where_it_stopped(hub, monkeypatch, capsys):
    def interrupted(self, additions):
        raise KeyboardInterrupt

    monkeypatch.setattr(Sending, "_upload", interrupted)
    with pytest.raises(KeyboardInterrupt):
        deliver(parcel("model", "FAQ", item("README.md", CARD)), Asked(repo="zoe/faq"), Output())
    told = capsys.readouterr().err
    assert "Rien n'en est encore visible" in told and "La même commande reprend là." in told
    assert "README.md" not in hub.files("model", "zoe/faq")


def test_a_repository_that_others_filled_is_not_called_changed(hub):
    hub.make("dataset", "zoe/plein", {"README.md": CARD, "a.txt": b"un"})
    a_parcel = parcel("dataset", "FAQ", item("README.md", CARD + b"autre"))
    with pytest.raises(InputError, match="n'est pas vide") as caught:
        deliver(a_parcel, Asked(repo="zoe/plein"), Output())
    assert "depuis votre dernier envoi" not in str(caught.value) and "README.md" in str(caught.value)
    assert deliver(a_parcel, Asked(repo="zoe/plein", overwrite=True), Output()).left == ("a.txt",)
