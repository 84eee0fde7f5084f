"""What is wrong with an estate file, as sentences a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from nim_operators.nim.errors import NimError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the estate file.

    ``line`` is 1-based and None where the file as a whole is meant; ``pair`` and ``field`` are empty where
    the problem belongs to none; ``saw`` says what was given and what is allowed.
    """

    file: str
    line: int | None
    pair: str
    field: str
    saw: str

    def __str__(self) -> str:
        place = [self.file]
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.pair:
            place.append(f"pair '{self.pair}'")
        if self.field:
            place.append(f"field '{self.field}'")
        return f"{', '.join(place)}: {self.saw}."


class EstateError(NimError):
    """The estate file cannot be used; every problem found in it, one sentence per line.

    :param problems: the problems, in the order of their lines.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
