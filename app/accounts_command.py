"""The commands of `causette accounts`: who may see a page that asks for a password."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.options import Json
from app.output import Output
from app.usage import Program
from chatbot.errors import InputError
from chatbot.language import tr

accounts_app = Program(help=tr("Les comptes d'une page à mot de passe (causette serve --auth FICHIER).",
                               "The accounts of a page with a password (causette serve --auth FILE)."))  # fmt: skip

File = Annotated[Path, typer.Argument(metavar=tr("FICHIER", "FILE"), help=tr(
    "Fichier des comptes ; il ne contient aucun mot de passe.", "File of the accounts; it holds no password."))]  # fmt: skip
Name = Annotated[str, typer.Argument(metavar=tr("NOM", "NAME"), help=tr("Nom du compte.", "Name of the account."))]


@accounts_app.command("add", help=tr("Ajoute un compte, ou change son mot de passe (demandé deux fois, ou première ligne de l'entrée).",
                                     "Adds an account, or changes its password (asked twice, or the first line of the input)."))  # fmt: skip
def accounts_add(file: File, name: Name, json: Json = False) -> None:
    from app.accounts import Account, checked_name, read_accounts, write_accounts

    name = checked_name(name)
    accounts = read_accounts(file) if file.exists() else {}
    account = Account.of(name, asked_password())
    known = name in accounts
    write_accounts(file, {**accounts, name: account})
    done = tr(f"{file} : {name}, compte ajouté.", f"{file}: {name}, account added.")
    if known:
        done = tr(f"{file} : {name}, mot de passe changé.", f"{file}: {name}, password changed.")
    Output(json).result({"file": str(file), "name": name, "changed": known}, done)


@accounts_app.command("remove", help=tr("Supprime un compte ; ses sessions ouvertes se ferment.",
                                        "Removes an account; its open sessions end."))  # fmt: skip
def accounts_remove(file: File, name: Name, json: Json = False) -> None:
    from app.accounts import checked_name, read_accounts, write_accounts

    name, accounts = checked_name(name), read_accounts(file)
    if accounts.pop(name, None) is None:
        raise InputError(tr(f"{file} : pas de compte « {name} ».", f"{file}: no account “{name}”."))
    write_accounts(file, accounts)
    Output(json).result({"file": str(file), "name": name, "left": len(accounts)},
                        tr(f"{file} : {name}, compte supprimé.", f"{file}: {name}, account removed."))  # fmt: skip


@accounts_app.command("list", help=tr("Liste les noms des comptes.", "Lists the names of the accounts."))
def accounts_list(file: File, json: Json = False) -> None:
    from app.accounts import read_accounts

    names = sorted(read_accounts(file))
    Output(json).result({"file": str(file), "names": names}, *(names or [tr("Aucun compte.", "No account.")]))


def asked_password() -> str:
    """The password, typed twice and not shown; from a pipe, its first line.

    Raises:
        InputError: the two differ, or nothing came.
    """
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InputError(tr("Aucun mot de passe sur l'entrée.", "No password on the input."))
        return password
    try:
        password = getpass.getpass(tr("Mot de passe : ", "Password: "))
        again = getpass.getpass(tr("Encore une fois : ", "Once more: "))
    except EOFError as error:
        raise InputError(tr("Aucun mot de passe.", "No password.")) from error
    if password != again:
        raise InputError(tr("Les deux mots de passe diffèrent : rien n'a été écrit.",
                            "The two passwords differ: nothing was written."))  # fmt: skip
    return password
