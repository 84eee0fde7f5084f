"""A good estate file is read as it is meant."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from nim_operators.estate import Content, Window, estate_path, evidence_base, load_estate
from nim_operators.estate.schema import Stale
from nim_operators.nim.pair import Policy

EXAMPLE = Path(__file__).resolve().parents[3] / "include" / "estate.yaml"
SHORTEST = """\
version: 1
pairs:
  lab:
    masters:
      nima: {conn_id: nim_lab_a}
      nimb: {conn_id: nim_lab_b}
    source: nima
"""
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        file = tmp_path / "estate.yaml"
        file.write_text(text)
        return load_estate(file)

    return load_text


def test_the_example_names_the_lab():
    estate = load_estate(EXAMPLE)
    assert list(estate.pairs) == ["lab"]
    lab = estate.pairs["lab"]
    assert lab.name == "lab"
    assert {name: master.conn_id for name, master in lab.masters.items()} == {
        "nima": "nim_lab_a",
        "nimb": "nim_lab_b",
    }
    assert (lab.source, lab.peer("nima"), lab.peer("nimb")) == ("nima", "nimb", "nima")
    assert lab.nightly_sync.schedule == "0 2 * * *"
    assert lab.nightly_sync.window == Window(start="01:00", end="05:00")


def test_the_example_shows_the_defaults_of_moving_clients(load):
    shown, default = load_estate(EXAMPLE).pairs["lab"], load(SHORTEST).pairs["lab"]
    assert (shown.approval, shown.takeover, shown.watch) == (default.approval, default.takeover, default.watch)
    assert {"approval", "takeover", "watch"} <= shown.model_fields_set


def test_the_shortest_estate_has_the_documented_defaults(load):
    estate = load(SHORTEST)
    lab = estate.pairs["lab"]
    assert estate.evidence == "file:///var/lib/nim_operators/evidence"
    assert (lab.timezone, lab.description) == ("UTC", "")
    assert (lab.nightly_sync.schedule, lab.nightly_sync.window) == (None, None)
    assert (lab.nightly_sync.wait_limit, lab.nightly_sync.content) == (timedelta(hours=6), Content.CHECKSUM)
    assert lab.nightly_sync.stale is Stale.LIST
    assert (lab.backups.directory, lab.backups.keep, lab.backups.room_mb) == (
        "/var/adm/nim_operators/backups",
        14,
        20,
    )
    assert (lab.clients.width, lab.clients.limit_seconds, dict(lab.clients.connections)) == (16, 10, {})
    assert (lab.space.margin_percent, lab.allowed_target_only, lab.ignored_cron) == (10, (), ())


def test_every_field_says_what_it_means(load):
    sections = [load(SHORTEST)]
    while sections:
        section = sections.pop()
        for name, field in type(section).model_fields.items():
            value = getattr(section, name)
            if hasattr(type(value), "model_fields"):
                sections.append(value)
            elif (type(section).__name__, name) != ("Pair", "name"):
                assert field.description, name
                assert field.is_required() or "Default: " in field.description, name
    assert Window.model_fields["start"].description


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("PT6H", timedelta(hours=6)),
        ("P1DT1M", timedelta(days=1, minutes=1)),
        ("60s", timedelta(minutes=1)),
    ],
)
def test_durations_are_short_or_iso(load, written, meant):
    estate = load(f"{SHORTEST}    nightly_sync: {{wait_limit: {written}}}\n")
    assert estate.pairs["lab"].nightly_sync.wait_limit == meant


def test_yaml_1_1_surprises_are_none(load):
    estate = load(
        SHORTEST.replace("lab:\n", "no:\n").replace("nima", "01")
        + "    description: off\n    nightly_sync: {window: {start: 22:30, end: 10:15}}\n"
    )
    pair = estate.pairs["no"]
    assert (pair.source, pair.description) == ("01", "off")
    assert pair.nightly_sync.window == Window(start="22:30", end="10:15")


def test_pairs_may_share_a_section_by_an_anchor(load):
    estate = load(
        SHORTEST
        + "    backups: &kept {keep: 30}\n"
        + "  rhine:\n    masters: {x: {conn_id: x}, y: {conn_id: y}}\n    source: y\n    backups: *kept\n"
    )
    assert [pair.backups.keep for pair in estate.pairs.values()] == [30, 30]


def test_a_loaded_pair_cannot_be_changed(load):
    pair = load(SHORTEST).pairs["lab"]
    with pytest.raises(ValidationError):
        pair.source = "nimb"


def test_the_peer_of_a_stranger_is_nobody(load):
    with pytest.raises(KeyError):
        load(SHORTEST).pairs["lab"].peer("nimz")


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("01:00", "05:00", ["01:00", "02:30", "04:59"], ["00:59", "05:00", "14:00"]),
        ("22:00", "04:00", ["22:00", "23:59", "00:00", "03:59"], ["04:00", "12:00", "21:59"]),
        ("00:00", "06:00", ["00:00", "05:59"], ["06:00", "23:59"]),
        ("18:00", "00:00", ["18:00", "23:59"], ["00:00", "17:59"]),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(start, end, inside, outside):
    window = Window(start=start, end=end)
    assert [clock for clock in inside + outside if window.contains(time.fromisoformat(clock))] == inside


def test_a_window_is_read_in_the_time_zone_of_the_pair():
    lab = load_estate(EXAMPLE).pairs["lab"]
    # 01:00 to 05:00 in Berlin is 23:00 to 03:00 UTC in summer and 00:00 to 04:00 UTC in winter.
    assert lab.may_start_at(datetime(2026, 7, 1, 23, 0, tzinfo=UTC))
    assert not lab.may_start_at(datetime(2026, 7, 1, 3, 0, tzinfo=UTC))
    assert lab.may_start_at(datetime(2026, 1, 1, 3, 0, tzinfo=UTC))
    assert not lab.may_start_at(datetime(2026, 1, 1, 23, 0, tzinfo=UTC))


def test_a_window_holds_through_the_hour_that_comes_twice():
    lab = load_estate(EXAMPLE).pairs["lab"]
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert lab.may_start_at(twice)
    assert lab.may_start_at(twice.replace(fold=1))


def test_a_moment_without_a_time_zone_is_no_moment():
    with pytest.raises(ValueError, match=r"2026-07-01 02:00:00 has no time zone"):
        load_estate(EXAMPLE).pairs["lab"].may_start_at(datetime(2026, 7, 1, 2))  # noqa: DTZ001


def test_without_a_window_a_sync_may_start_at_any_time(load):
    assert load(SHORTEST).pairs["lab"].may_start_at(datetime(2026, 7, 1, 14, tzinfo=UTC))


def test_the_policy_is_what_the_file_says(load):
    estate = load(
        SHORTEST
        + "    space: {margin_percent: 25}\n    backups: {room_mb: 3}\n"
        + "    allowed_target_only: [spot_b, spot_a]\n"
        + "    ignored_cron: ['0 3 * * * /usr/local/bin/nim_report']\n"
        + "    clients: {set_aside: {vios9: 'scrapped, CHG0042.'}}\n"
    )
    assert estate.pairs["lab"].policy() == Policy(
        space_margin_percent=25,
        backup_room_kb=3072,
        allowed_target_only=frozenset({"spot_a", "spot_b"}),
        ignored_cron=frozenset({"0 3 * * * /usr/local/bin/nim_report"}),
        set_aside={"vios9": "scrapped, CHG0042"},
    )


def test_the_digest_ignores_how_the_same_configuration_is_written(load):
    digest = load(SHORTEST).pairs["lab"].digest
    reordered = """\
pairs:
  lab:
    description: the same
    backups: {keep: 14}
    nightly_sync: {wait_limit: PT6H}
    source: nima
    masters:
      nimb: {conn_id: nim_lab_b}
      nima: {conn_id: nim_lab_a}
version: 1
"""
    assert load(reordered).pairs["lab"].digest == digest
    assert len(digest) == 64


@pytest.mark.parametrize(
    "changed",
    [
        SHORTEST.replace("nim_lab_a", "nim_other"),
        SHORTEST.replace("source: nima", "source: nimb"),
        SHORTEST.replace("lab:\n", "lab2:\n"),
        SHORTEST + "    nightly_sync: {content: size}\n",
        SHORTEST + "    nightly_sync: {stale: refresh}\n",
        SHORTEST + "    backups: {keep: 15}\n",
        SHORTEST + "    clients: {connections: {web1: ssh_web1}}\n",
        SHORTEST + "    clients: {set_aside: {web1: scrapped}}\n",
        SHORTEST + "    allowed_target_only: [spot_a]\n",
    ],
)
def test_the_digest_follows_every_change(load, changed):
    digest = load(SHORTEST).pairs["lab"].digest
    (pair,) = load(changed).pairs.values()
    assert pair.digest != digest


def test_lists_of_one_content_have_one_digest(load):
    one, other = (
        load(f"{SHORTEST}    allowed_target_only: {names}\n").pairs["lab"].digest for names in ("[a, b]", "[b, a, b]")
    )
    assert one == other


def test_the_environment_names_the_estate_file(monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", "/srv/airflow")
    assert estate_path() == Path("/srv/airflow/include/estate.yaml")
    monkeypatch.setenv("NIM_OPERATORS_ESTATE", "/etc/nim/estate.yaml")
    assert estate_path() == Path("/etc/nim/estate.yaml")


def test_the_environment_overrides_where_evidence_goes(load, monkeypatch):
    estate = load("evidence: s3://aws@bucket/nim/\n" + SHORTEST)
    assert evidence_base(estate) == "s3://aws@bucket/nim"
    monkeypatch.setenv("NIM_OPERATORS_EVIDENCE", "file:///srv/evidence")
    assert evidence_base(estate) == "file:///srv/evidence"
