"""One table of umbrella.toml: typed access by key, problems collected, unknown keys found."""

import tomllib
from math import isfinite
from pathlib import Path
from typing import Any

from redumbrella.errors import SettingsError, nearest
from redumbrella.masking import shown_address

FILE_NAME = "umbrella.toml"
_LONGEST = 80  # characters of a value in a message


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises SettingsError where it is missing or unreadable."""
    try:
        # Windows editors put a byte order mark in front, which TOML does not allow.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        message = (
            f"There is no {FILE_NAME} in {path.parent}. Go to your workspace, name it with "
            "-w DIR, or make one: umbrella init DIR --from leads.csv"
        )
        raise SettingsError(message, reason="no_workspace") from None
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}. Check the file and its rights."
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text. Save it as UTF-8 and run again."
    except RecursionError:
        message = f"{path} holds lists within lists beyond all measure. Mend it and run again."
    except tomllib.TOMLDecodeError as problem:
        message = f"{path} is not valid TOML: {problem}. Mend that place and run again."
    raise SettingsError(message, reason="bad_settings")


class Section:
    """One table of the TOML file: typed access by key, problems collected, unknown keys found."""

    def __init__(self, place: str, content: dict[str, Any], problems: list[str]) -> None:
        self.place = place
        self.content = content
        self.problems = problems
        self.known: list[str] = []

    def problem(self, text: str) -> None:
        """Notes one problem of this section."""
        self.problems.append(f"[{self.place}] {text}" if self.place else text)

    def _get(self, key: str, expected: str, *kinds: type) -> Any:
        self.known.append(key)
        value = self.content.get(key)
        # bool is an int to Python, but `horizon_days = true` is a mistake.
        wrong_bool = isinstance(value, bool) and bool not in kinds
        if value is not None and (wrong_bool or not isinstance(value, kinds)):
            self.problem(f"{key} = {as_written(value)}: expected {expected}.")
            return None
        if any("\0" in one for one in (value if isinstance(value, list) else [value])
               if isinstance(one, str)):  # fmt: skip
            self.problem(f"{key} holds a character with the number 0: take it out.")
            return None
        return value

    def text(self, key: str) -> str | None:
        """A text that is not empty, or None."""
        value = self._get(key, 'text in quotes, such as "…"', str)
        if value is not None and not value.strip():
            self.problem(f"{key} is empty: give a value or remove the line.")
            return None
        return value  # type: ignore[no-any-return]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text counts as a list of one."""
        value = self._get(key, 'text or a list of texts, such as ["a", "b"]', str, list)
        items = [value] if isinstance(value, str) else value or []
        if not all(isinstance(item, str) and item.strip() for item in items):
            self.problem(f"{key} = {as_written(value)}: every item must be text in quotes.")
            return ()
        return tuple(items)

    def flag(self, key: str) -> bool:
        """true or false; false when absent."""
        return bool(self._get(key, "true or false", bool))

    def number(self, key: str, low: float, high: float = float("inf")) -> float | None:
        """A number in [low, high], or None."""
        value = self._get(key, "a number", int, float)
        if value is None:
            return None
        if not low <= value <= high:
            limits = f"between {low:g} and {high:g}" if high < float("inf") else f"from {low:g} up"
            self.problem(f"{key} = {as_written(value)}: expected a number {limits}.")
            return None
        return float(value)

    def numbers(self, key: str) -> tuple[float, ...] | None:
        """A list of numbers, or None."""
        value = self._get(key, "a list of numbers, such as [0.1, 0.2]", list)
        if value is None:
            return None
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int | float) or not isfinite(item):
                self.problem(f"{key} holds {as_written(item)}: every item must be a number.")
                return None
        return tuple(float(item) for item in value)

    def section(self, key: str) -> "Section":
        """A section below this one; empty when absent."""
        place = f"{self.place}.{key}" if self.place else key
        content = self._get(key, f"a section [{place}]", dict)
        return Section(place, content or {}, self.problems)

    def finish(self) -> None:
        """Reports every key that nobody asked for."""
        for key in self.content:
            if key not in self.known:
                what = "key" if self.place else "section"
                valid = ", ".join(self.known)
                hint = nearest(key, self.known)
                self.problem(f'unknown {what} "{key}".{hint} Valid: {valid}.')


def as_written(value: object) -> str:
    """A value as messages show it: texts in quotes, without passwords, long ones shortened."""
    if isinstance(value, list | dict):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        value = ", ".join(shown_address(str(part)) for _, part in parts)
        return _shortened(f"[{value}]")
    return f'"{_shortened(shown_address(value))}"' if isinstance(value, str) else str(value)[:80]


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
