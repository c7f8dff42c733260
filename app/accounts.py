"""Names and passwords of those who may see a page, in a file that holds no password.

One line per account: ``name:scrypt:131072:8:1:salt:hash``, salt and hash in base64. The numbers are scrypt's N, r and p:
the first choice of OWASP's Password Storage Cheat Sheet (N = 2^17, r = 8, p = 1: 128 MiB and about a third of a second
per password). They stand in each line, so that an old file stays readable when the advice changes.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chatbot.errors import InputError, cannot_read, cannot_write, no_file, no_such_file
from chatbot.files import write_whole
from chatbot.language import tr

COST, BLOCK, PARALLEL = 2**17, 8, 1
MOST_MEMORY = 2**30  # bytes that a line of the file may ask for
SHORTEST, LONGEST, LONGEST_NAME = 10, 1024, 64  # characters
NAME = re.compile(r"[^\s:#\x00-\x1f\x7f]([^:\x00-\x1f\x7f]*[^\s:\x00-\x1f\x7f])?")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A name and what proves its password."""

    name: str
    salt: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    cost: int = COST
    block: int = BLOCK
    parallel: int = PARALLEL

    @classmethod
    def of(cls, name: str, password: str, *, cost: int = COST) -> "Account":
        """A new account, with a salt of its own.

        Raises:
            InputError: the name cannot be one, or the password is too easy.
        """
        name = checked_name(name)
        check_password(name, password)
        salt = secrets.token_bytes(16)
        return cls(name=name, salt=salt, proof=_scrypt(password, salt, cost, BLOCK, PARALLEL), cost=cost)

    def is_proven_by(self, password: str) -> bool:
        proof = _scrypt(password, self.salt, self.cost, self.block, self.parallel)
        return hmac.compare_digest(proof, self.proof)

    def line(self) -> str:
        salt, proof = (base64.b64encode(value).decode() for value in (self.salt, self.proof))
        return f"{self.name}:scrypt:{self.cost}:{self.block}:{self.parallel}:{salt}:{proof}\n"


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    """The same letters typed on two systems may be different characters (é, or e and an accent): NFC makes them one."""
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    memory = 2 * 128 * block * (cost + parallel)
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=32)


def checked_name(name: str) -> str:
    """The name as the file has it.

    Raises:
        InputError: it cannot be one.
    """
    name = unicodedata.normalize("NFC", name)
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name) or not name.isprintable():
        raise InputError(
            tr(f"Ce nom ne convient pas : 1 à {LONGEST_NAME} caractères, sans « : », ni « # » au début, ni blanc au bord.",
               f"This name will not do: 1 to {LONGEST_NAME} characters, no “:”, no “#” first and no blank at the ends.")
        )  # fmt: skip
    return name


def check_password(name: str, password: str) -> None:
    """Raises InputError, which does not say the password, when it is too easy."""
    if len(password) < SHORTEST:
        raise InputError(
            tr(f"Mot de passe trop court : {SHORTEST} caractères au moins ; quatre mots font l'affaire.",
               f"The password is too short: at least {SHORTEST} characters; four words will do.")
        )  # fmt: skip
    if len(password) > LONGEST:
        raise InputError(
            tr(f"Mot de passe trop long : {LONGEST} caractères au plus.", f"The password is too long: at most {LONGEST} characters.")
        )  # fmt: skip
    if unicodedata.normalize("NFC", password).casefold() == name.casefold():
        raise InputError(
            tr("Le mot de passe est le nom lui-même : choisissez-en un autre.", "The password is the name itself: choose another one.")
        )  # fmt: skip


def read_accounts(path: Path) -> dict[str, Account]:
    """The accounts of a file, by name.

    Raises:
        InputError: it cannot be read, or a line is no account; it says which, and why.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise no_such_file(path) from error
    except IsADirectoryError as error:
        raise no_file(path) from error
    except UnicodeDecodeError as error:
        raise InputError(tr(f"{path} : ce n'est pas un fichier de comptes (pas du texte UTF-8).", f"{path}: not a file of accounts (no UTF-8 text).")) from error  # fmt: skip
    except OSError as error:
        raise cannot_read(path, error) from error
    accounts: dict[str, Account] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        account, reason = _account_of(line)
        if account is not None and account.name in accounts:
            reason = tr("ce nom y est déjà", "this name is there already")
        if account is None or reason:
            raise InputError(tr(f"{path}, ligne {number} : {reason}.", f"{path}, line {number}: {reason}."))
        accounts[account.name] = account
    return accounts


def _account_of(line: str) -> tuple[Account | None, str]:
    """The account of a line, or why it is none; the line itself is told to nobody."""
    parts = line.split(":")
    if len(parts) != 7 or parts[1] != "scrypt":
        return None, tr("on attend nom:scrypt:N:r:p:sel:empreinte", "name:scrypt:N:r:p:salt:hash is expected")
    name, _, *numbers, salt_text, proof_text = parts
    try:
        cost, block, parallel = map(int, numbers)
        salt, proof = (base64.b64decode(text, validate=True) for text in (salt_text, proof_text))
        name = checked_name(name)
    except InputError as error:
        return None, str(error).rstrip(".")
    except (ValueError, binascii.Error):
        return None, tr("nombres, sel ou empreinte illisibles", "numbers, salt or hash cannot be read")
    is_power = cost > 1 and cost & (cost - 1) == 0
    if not is_power or min(block, parallel) < 1 or parallel > 16 or 128 * block * cost > MOST_MEMORY:
        return None, tr("paramètres de scrypt hors limites", "scrypt's parameters are out of bounds")
    if len(salt) < 8 or len(proof) != 32:
        return None, tr("sel ou empreinte de la mauvaise longueur", "salt or hash of the wrong length")
    return Account(name=name, salt=salt, proof=proof, cost=cost, block=block, parallel=parallel), ""


def write_accounts(path: Path, accounts: Mapping[str, Account]) -> None:
    """Writes them whole, into a file that its owner alone may read.

    Raises:
        WorldError: the disk refuses.
    """
    text = "".join(accounts[name].line() for name in sorted(accounts))

    def write(temporary: Path) -> None:
        temporary.unlink(missing_ok=True)  # left by a program that was killed, with who knows whose rights
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)

    try:
        write_whole(path, write)
    except OSError as error:
        raise cannot_write(path, error) from error


class AccountsFile:
    """The accounts of a file for the page's login; a change of the file counts at once.

    Args:
        path: the file.

    Raises:
        InputError: see `read_accounts`, or there are none in it.
    """

    def __init__(self, path: Path):
        self._path, self._accounts, self._seen = path, read_accounts(path), _stamp(path)
        if not self._accounts:
            raise InputError(
                tr(f"{path} : aucun compte. Ajoutez-en un : causette accounts add {path} NOM",
                   f"{path}: no account. Add one: causette accounts add {path} NAME")
            )  # fmt: skip

    def check(self, name: str, password: str) -> bool:
        """Whether that is the account's password. A name that nobody has costs as much as one that somebody has."""
        accounts = self._now()
        account = accounts.get(unicodedata.normalize("NFC", name))
        if account is not None:
            return account.is_proven_by(password)
        _nobody_like(accounts).is_proven_by(password)
        return False

    def mark(self, name: str) -> str:
        """What changes with the account's password; "" when there is no such account."""
        account = self._now().get(unicodedata.normalize("NFC", name))
        return hashlib.sha256(account.line().encode()).hexdigest() if account else ""

    def _now(self) -> dict[str, Account]:
        """The accounts as the file has them; one that cannot be read leaves them as they were."""
        if (stamp := _stamp(self._path)) != self._seen:
            self._seen = stamp
            try:
                self._accounts = read_accounts(self._path)
            except InputError as error:
                log.warning("the accounts stay as they were: %s", error)
        return self._accounts


def _nobody_like(accounts: Mapping[str, Account]) -> Account:
    """An account that no password opens, as costly as those of the file."""
    like = next(iter(accounts.values()), None)
    cost, block, parallel = (like.cost, like.block, like.parallel) if like else (COST, BLOCK, PARALLEL)
    return Account(name="-", salt=bytes(16), proof=bytes(32), cost=cost, block=block, parallel=parallel)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
