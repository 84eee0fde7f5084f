"""The single values an estate file is made of: how each is written and what is refused.

A rule raises ``ValueError`` where the sentence "... was given, allowed is ..." says enough; the field's
``allowed`` text completes it. A rule that knows more raises :func:`sentence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from croniter import croniter
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from nim_operators.nim.objects import valid_name

_PAIR_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_CONNECTION_ID = re.compile(r"[\w#!()\-.:/\\]{1,250}", re.ASCII)
_SHORT_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_ISO_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_RANDOM_CRON = re.compile(r"\b[rh]\b", re.ASCII | re.IGNORECASE)
_DIRECTORY = re.compile(r"(?:/[A-Za-z0-9_+@-][A-Za-z0-9_.+@-]*)+", re.ASCII)
_CRON_FIELDS = 5
_DAYS_OF_A_DURATION = 9999
_LONGEST_REASON = 200


def sentence(text: str) -> PydanticCustomError:
    """Return the error of a rule that says itself what was given and what is allowed."""
    return PydanticCustomError("sentence", "{text}", {"text": text})


def _pair_name(value: str) -> str:
    if not _PAIR_NAME.fullmatch(value):
        raise sentence(
            f"'{value}' cannot name a pair, because the name becomes part of dag_ids, allowed are a "
            "lower-case letter, then lower-case letters, digits and underscores, 40 characters at most"
        )
    return value


def _object_name(value: str) -> str:
    if not valid_name(value):
        raise sentence(
            f"'{value}' is no NIM object name, allowed are at most 39 letters, digits and characters of "
            "_.+@:- that begin neither with a hyphen nor with a colon"
        )
    return value


def _connection_id(value: str) -> str:
    if not _CONNECTION_ID.fullmatch(value):
        raise ValueError(value)
    return value


def _duration(value: object) -> timedelta:
    text = value if isinstance(value, str) else ""
    match = _SHORT_DURATION.fullmatch(text) or _ISO_DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(value)
    days, hours, minutes, seconds = (min(int(part or 0), _DAYS_OF_A_DURATION) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _time_of_day(value: object) -> time:
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(value)
    return time(int(match[1]), int(match[2]))


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone_name(value: str) -> str:
    if value not in _known_zones():
        close = get_close_matches(value, sorted(_known_zones()), n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise sentence(f"'{value}' is no known time zone{hint}, allowed is one such as Europe/Berlin or UTC")
    return value


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != _CRON_FIELDS or _RANDOM_CRON.search(value) or not croniter.is_valid(value):
        raise ValueError(value)
    try:
        croniter(value, datetime(2024, 1, 1)).get_next()  # noqa: DTZ001 - wall clock; any day will do
    except ValueError as error:
        raise sentence(f"'{value}' names a date that never comes, allowed is one that does") from error
    return " ".join(fields)


def firing_times(schedule: str) -> Iterator[time]:
    """Yield each time of day at which *schedule* may fire, in the time zone it is read in."""
    minutes, hours = croniter.expand(schedule)[0][:2]
    for hour in _numbers(hours, 24):
        for minute in _numbers(minutes, 60):
            yield time(hour, minute)


def _numbers(expanded: Sequence[int | str], count: int) -> list[int]:
    """Return the hours or minutes of an expanded cron field, where ``*`` stands for all *count* of them."""
    return [int(number) for number in expanded] if "*" not in expanded else list(range(count))


def _directory(value: str) -> str:
    if not _DIRECTORY.fullmatch(value):
        raise ValueError(value)
    return value


def _evidence(value: str) -> str:
    parts = urlsplit(value)
    if ":" in parts.netloc.rpartition("@")[0]:
        raise sentence(
            "the address holds a password, allowed is the id of an Airflow connection as in s3://conn_id@bucket/x"
        )
    is_local = parts.scheme == "file"
    is_complete = (
        parts.path.startswith("/") and parts.path.strip("/") and not parts.netloc if is_local else parts.netloc
    )
    if not parts.scheme or not is_complete or parts.query or parts.fragment:
        raise ValueError(value)
    return value.rstrip("/")


def _sorted_once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _user_name(value: str) -> str:
    if not value or value != value.strip() or any(not letter.isprintable() for letter in value):
        raise ValueError(value)
    return value


def _reason(value: str) -> str:
    text = value.strip()
    if not text or len(text) > _LONGEST_REASON or any(not letter.isprintable() for letter in text):
        raise ValueError(value)
    return text.rstrip(".")


PairName = Annotated[str, AfterValidator(_pair_name)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
Reason = Annotated[str, AfterValidator(_reason)]
ConnectionId = Annotated[str, AfterValidator(_connection_id)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
CronSchedule = Annotated[str, AfterValidator(_cron)]
HostDirectory = Annotated[str, AfterValidator(_directory)]
EvidenceAddress = Annotated[str, AfterValidator(_evidence)]
ObjectNames = Annotated[tuple[ObjectName, ...], AfterValidator(_sorted_once)]
Lines = Annotated[tuple[str, ...], AfterValidator(_sorted_once)]
UserNames = Annotated[tuple[Annotated[str, AfterValidator(_user_name)], ...], AfterValidator(_sorted_once)]
