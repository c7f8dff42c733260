"""What readers may ask of this server, each limit once."""

from dataclasses import dataclass

from chatbot.language import number, tr


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Args:
    most_bytes: of a file.
    most_rows: of a file.
    fewest: dialogues to train on.
    seconds: of a training.
    kept: models on this server; the oldest one goes when there is one more.
    files: that wait for their training; the one that was left alone longest goes.
    """

    most_bytes: int = 20_000_000
    most_rows: int = 20_000
    fewest: int = 8
    seconds: float = 30 * 60
    kept: int = 5
    files: int = 20

    @property
    def in_words(self) -> str:
        size, rows, minutes = number(self.most_bytes / 1e6), number(self.most_rows), number(self.seconds / 60)
        return tr(f"Un fichier .csv, .tsv, .json ou .jsonl de {size} Mo et {rows} lignes au plus ; "
                  f"{minutes} min d'entraînement au plus.",
                  f"A .csv, .tsv, .json or .jsonl file of at most {size} MB and {rows} rows; "
                  f"at most {minutes} min of training.")  # fmt: skip
