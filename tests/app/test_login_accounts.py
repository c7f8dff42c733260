"""The file of accounts and its commands: no password in it, none on the screen, none in the call."""

import os
import stat
import sys

import pytest
from typer.testing import CliRunner

from app.accounts import COST, Account, AccountsFile, check_password, read_accounts, write_accounts
from app.accounts_command import accounts_app
from chatbot.errors import InputError

PASSWORD = "un mot de passe assez long"
COMMAND = "from app.accounts_command import accounts_app; accounts_app()"


def called(*words, given=""):
    return CliRunner().invoke(accounts_app, [str(word) for word in words], input=given)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "comptes"


def some(name="Zoé", password=PASSWORD):
    return Account.of(name, password, cost=2**8)


def test_what_is_written_is_read_again_and_tells_nothing(file):
    write_accounts(file, {"Zoé": some(), "ali": some("ali")})
    accounts = read_accounts(file)
    assert list(accounts) == ["Zoé", "ali"] and accounts["Zoé"].is_proven_by(PASSWORD)
    assert not accounts["Zoé"].is_proven_by(PASSWORD + " ")
    text = file.read_text(encoding="utf-8")
    assert PASSWORD not in text and accounts["Zoé"].proof != accounts["ali"].proof  # each has its salt
    assert "proof" not in repr(accounts["Zoé"]) and "salt" not in repr(accounts["Zoé"])
    assert [path.name for path in file.parent.iterdir()] == ["comptes"]


@pytest.mark.skipif(os.name != "posix", reason="rights of files as Unix has them")
def test_nobody_else_may_read_it_even_where_they_might_before(file):
    file.write_text("")
    file.chmod(0o666)
    (file.parent / ".comptes.part").write_text("left")
    write_accounts(file, {"Zoé": some()})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_letters_that_look_the_same_are_the_same(file):
    write_accounts(file, {"Zoé": some(password="les élèves d'ici")})
    accounts = AccountsFile(file)
    assert accounts.check("Zoe\N{COMBINING ACUTE ACCENT}", "les e\u0301le\u0300ves d'ici")


def test_the_cost_is_owasp_s_and_an_older_one_stays_readable(file):
    account = Account.of("ali", PASSWORD)
    assert (account.cost, account.block, account.parallel) == (2**17, 8, 1) and COST == 2**17
    write_accounts(file, {"ali": account, "zoé": some("zoé")})
    assert [account.cost for account in read_accounts(file).values()] == [2**17, 2**8]


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [("ali", "court", "10 caractères au moins"), ("professeur", "Professeur", "le nom lui-même"), ("ali", "a" * 1025, "1024 caractères au plus"),
     ("", PASSWORD, "Ce nom ne convient pas"), ("a:b", PASSWORD, "Ce nom"), (" a", PASSWORD, "Ce nom"), ("a\nb", PASSWORD, "Ce nom"),
     ("a" * 65, PASSWORD, "Ce nom"), ("a\u202eb", PASSWORD, "Ce nom")],
)  # fmt: skip
def test_refused(name, password, said):
    with pytest.raises(InputError, match=said) as error:
        Account.of(name, password)
    assert len(password) < 6 or password == "Professeur" or password not in str(error.value)


LINE = some("ali").line().strip()


@pytest.mark.parametrize(
    ("line", "reason"),
    [("ali:motdepasse", "on attend nom:scrypt"), (LINE.replace("scrypt", "md5"), "on attend"), (LINE.replace(":256:", ":255:"), "hors limites"),
     (LINE.replace(":256:", f":{2**40}:"), "hors limites"), (LINE.replace(":256:", ":x:"), "illisibles"), (LINE[:-8], "mauvaise longueur|illisibles"),
     (LINE.replace(":8:1:", ":8:1:é"), "illisibles"), (LINE.replace("ali", " "), "Ce nom"), (LINE, "y est déjà")],
    ids=range(9),  # the salt is drawn anew in each process of the tests
)  # fmt: skip
def test_a_bad_line_is_named_with_its_reason(file, line, reason):
    file.write_text(f"# comptes\n{LINE}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"ligne 4.*({reason})") as error:
        read_accounts(file)
    assert LINE.rpartition(":")[2] not in str(error.value)


def test_a_bad_file(file):
    with pytest.raises(InputError, match="introuvable"):
        AccountsFile(file)
    with pytest.raises(InputError, match="dossier"):
        AccountsFile(file.parent)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        AccountsFile(file)
    file.write_text("# rien\n")
    with pytest.raises(InputError, match="aucun compte"):
        AccountsFile(file)


def test_a_file_that_breaks_while_the_page_is_open_changes_nothing(file, caplog):
    write_accounts(file, {"ali": some("ali")})
    accounts = AccountsFile(file)
    mark = accounts.mark("ali")
    file.write_text("cassé\n")
    assert accounts.mark("ali") == mark and accounts.check("ali", PASSWORD)
    assert "ligne 1" in caplog.text
    file.unlink()
    assert accounts.check("ali", PASSWORD)


def test_unknown_names_cost_the_same_and_no_password_opens_them(file, monkeypatch):
    write_accounts(file, {"ali": some("ali")})
    accounts, costs = AccountsFile(file), []
    import app.accounts as module

    scrypt = module._scrypt
    monkeypatch.setattr(module, "_scrypt", lambda *args: costs.append(args[2:]) or scrypt(*args))
    for name in ("ali", "personne", "", "-"):
        assert not accounts.check(name, "un autre mot de passe")
    assert costs == [(2**8, 8, 1)] * 4


# -- commands -----------------------------------------------------------------------------------------------------------


def test_add_list_remove(file):
    assert (
        called("add", file, "Zoé", given=f"{PASSWORD}\nune autre ligne\n").output == f"{file} : Zoé, compte ajouté.\n"
    )
    assert called("add", file, "ali", "--json", given=PASSWORD).exit_code == 0
    assert read_accounts(file)["Zoé"].is_proven_by(PASSWORD)
    assert called("list", file).output == "Zoé\nali\n"
    assert '"names": ["Zoé", "ali"]' in called("list", file, "--json").output
    assert "mot de passe changé" in called("add", file, "ali", given=PASSWORD + "!").output
    assert "compte supprimé" in called("remove", file, "ali").output
    assert list(read_accounts(file)) == ["Zoé"]
    assert isinstance(called("remove", file, "ali").exception, InputError)


def test_nothing_is_written_for_a_bad_password(file):
    for given in ("", "\n", "court\n"):
        assert isinstance(called("add", file, "ali", given=given).exception, InputError)
    assert not file.exists()
    check_password("ali", PASSWORD)


@pytest.mark.parametrize("again", [PASSWORD, "un autre, plus long"])
def test_on_a_terminal_it_is_asked_twice_and_not_shown(file, again):
    pty = pytest.importorskip("pty")
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", COMMAND, "add", str(file), "ali"])
    seen, answers = b"", [PASSWORD, again]
    try:
        while piece := os.read(terminal, 4096):
            seen += piece
            if (seen.count(b"passe :") + seen.count("passe\u00a0:".encode()) == 1 and len(answers) == 2) or (
                b"Encore une fois" in seen and len(answers) == 1
            ):
                os.write(terminal, answers.pop(0).encode() + b"\n")
    except OSError:  # Linux: the child has closed it
        pass
    _, ended = os.waitpid(child, 0)
    os.close(terminal)
    assert PASSWORD.encode() not in seen and again.encode() not in seen
    assert (ended == 0) is (again == PASSWORD) is file.exists()


def test_a_name_that_would_be_read_as_a_comment_is_refused(file):
    with pytest.raises(InputError, match="« # » au début"):
        some("#zoe")
    refused = called("add", file, "#zoe", given=PASSWORD)
    assert isinstance(refused.exception, InputError) and not file.exists()
    write_accounts(file, {"zoe#1": some("zoe#1")})
    assert list(read_accounts(file)) == ["zoe#1"]
