"""The page of a run is read in two minutes: verdict first, everything behind it below."""

from __future__ import annotations

import hashlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nim_operators.evidence.page import render_html, render_text, text_digest
from nim_operators.evidence.records import Stored
from nim_operators.evidence.times import took
from nim_operators.evidence.verdict import judge, open_verdict
from nim_operators.evidence.view import page_of

LOCATION = "file:///e/lab/runs/x"
READ_BY_HAND = Path(__file__).with_name("page.txt")


@pytest.fixture
def page_for(run, required, files):
    def build(records):
        return page_of(run, judge(records, {}, required).to_json(), records, files, LOCATION)

    return build


@pytest.fixture
def page(page_for, records):
    return page_for(records)


class Reader(HTMLParser):
    """What a browser would show, in order, with the tags it met."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.texts = []
        self.toned = {}
        self._tone = None

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._tone = dict(attrs).get("class") if tag == "td" else None

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data.strip())
            if self._tone:
                self.toned[data.strip()] = self._tone


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_the_text_is_the_one_that_was_read_by_hand(page):
    assert render_text(page) == READ_BY_HAND.read_text(encoding="utf-8")


def test_the_text_has_a_digest_that_anybody_can_recompute(page):
    text = render_text(page)
    assert text_digest(text) == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_folder_makes_the_same_page(page_for, records):
    one, other = page_for(records), page_for(list(records))
    assert render_html(one) == render_html(other)
    assert render_text(one) == render_text(other)


def test_the_html_is_one_file_without_scripts(page):
    tags = read(render_html(page)).tags
    names = {tag for tag, _ in tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form"}
    assert not [attrs for _, attrs in tags if any(name.startswith("on") or name == "src" for name in attrs)]


def test_the_only_links_lead_to_the_files_beside_the_page(page_for, records, files):
    files += ["logs/sync #1.log", "javascript:alert(1)"]
    tags = read(render_html(page_for(records))).tags
    assert {tag for tag, attrs in tags if "href" in attrs} == {"a"}
    assert sorted(attrs["href"] for tag, attrs in tags if tag == "a") == [
        "javascript%3Aalert%281%29",
        "logs/sync%20%231.log",
        "logs/sync.1.log",
        "page.html",
        "page.txt",
        "run.json",
        "verdict.json",
    ]


def test_the_verdict_comes_first(page):
    texts = [text for text in read(render_html(page)).texts if "{" not in text]
    assert texts[:6] == [
        "failed: nim_nightly_sync of lab",
        "nim_nightly_sync of lab",
        "failed",
        "verify failed. nimb is no recovery point: spot_72 is partial (usr/lib/a.o: 10 of 4096 bytes).",
        "Pair",
        "lab",
    ]


def test_both_forms_say_the_same(page):
    shown = " ".join(read(render_html(page)).texts)
    for section in page.sections:
        for text in (
            section.heading,
            *section.sentences,
            *(cell for row in section.rows for cell in row.cells),
        ):
            assert " ".join(text.split()) in " ".join(shown.split())


def test_what_a_host_said_cannot_become_markup(page):
    html = render_html(page)
    assert "<script_b>" not in html
    assert "Only nimb has &lt;script_b&gt;." in html


def test_colour_says_what_the_word_says(page):
    toned = read(render_html(page)).toned
    assert toned["done"] == "good"
    assert toned["failed"] == "bad"
    assert toned["blocks"] == "bad"
    assert toned["warns"] == "warn"
    assert toned["partial"] == "bad"
    assert toned["silent"] == "warn"
    assert toned["no route: EHOSTUNREACH"] == "warn"
    assert toned["exit status 2"] == "warn"
    assert toned["exit status 0"] == "good"


def test_light_and_dark_are_the_readers_choice(page):
    html = render_html(page)
    assert "color-scheme: light dark" in html
    assert "@media (prefers-color-scheme: dark)" in html


def section(page, heading):
    return next(found for found in page.sections if found.heading == heading)


def test_a_finding_that_two_steps_saw_stands_once(page_for, records):
    again = Stored("sync", 90, "assessment", "2026-11-22T01:00:15+00:00", records[2].body)
    rows = section(page_for([*records, again]), "Findings").rows
    assert [(row.cells[0], row.cells[-1]) for row in rows] == [
        ("blocks", "observe, sync"),
        ("warns", "observe, sync"),
    ]


def test_thousands_of_clients_leave_a_page_that_can_be_read(page_for, records):
    rows = records[2].body["ownership"]["rows"]
    many = [{**rows[0], "client": f"web{number:04}"} for number in range(4999)]
    body = {**records[2].body, "ownership": {**records[2].body["ownership"], "rows": [*many, rows[1]]}}
    records[2] = Stored("observe", 3, "assessment", records[2].at, body)
    matrix = section(page_for(records), "Who controls the clients")
    assert len(matrix.rows) == 200
    assert matrix.rows[0].cells[:2] == ("web2", "silent")
    assert matrix.sentences[-1] == "4800 more rows are in records/observe/003-assessment.json."


def test_a_run_that_sent_nothing_leaves_the_last_recovery_point_standing(page_for, records):
    assert section(page_for(records[:4]), "Recovery point").sentences == (
        "This run made none. The one before it still stands.",
    )
    assert section(page_for(records[:4]), "Commands that may change something").sentences == ("None was sent.",)


def test_a_recovery_point_says_what_it_holds(page_for, records):
    body = {
        "at": "2026-11-22T01:24:30Z",
        "source": "nima",
        "target": "nimb",
        "backup": "file:///e/b",
        "definitions": 42,
        "resources": 7,
        "files": 900,
        "bytes": 123456,
        "compared_by": "checksum",
        "stale": ["bosinst_1"],
    }
    point = Stored("verify", 90, "recovery_point", "2026-11-22T01:24:33+00:00", body)
    left = {"file": "break_glass.ksh", "masters": ["nima", "nimb"]}
    by_hand = Stored("verify", 91, "break_glass", "2026-11-22T01:24:35+00:00", left)
    assert section(page_for([*records, point, by_hand]), "Recovery point").sentences == (
        (
            "nimb holds the state that nima had at 2026-11-22 01:24:30 UTC: 42 definitions; "
            "7 resources with 900 files and 123456 bytes, compared by checksum."
        ),
        "Backup of nima: file:///e/b",
        "Older on the target: bosinst_1.",
        "For the day Airflow is down: break_glass.ksh, on nima and nimb and beside this page.",
    )


def test_a_command_that_nobody_saw_end_says_so(page_for, records):
    cut = [record for record in records if (record.task_id, record.kind) != ("sync", "job")]
    rows = section(page_for(cut), "Commands that may change something").rows
    assert [(row.cells[0], row.cells[3], row.tone) for row in rows] == [
        ("backup", "exit status 0", "good"),
        ("sync", "no end recorded", "warn"),
    ]


def test_a_page_is_made_even_of_a_run_that_recorded_nothing(page_for):
    page = page_for([])
    assert (page.verdict, page.tone) == ("incomplete", "warn")
    assert [row.cells[:2] for row in section(page, "Steps").rows][:1] == [("observe", "not begun")]
    assert "VERDICT: incomplete" in render_text(page)
    assert "<!DOCTYPE html>" in render_html(page)


def test_steps_stand_in_the_order_in_which_they_began(page_for, records):
    early = {"try_number": 1, "began_at": "2026-11-21T23:00:00+00:00", "ended_at": "2026-11-21T23:00:01+00:00"}
    skipped = Stored("wait", 1, "step", "2026-11-21T23:00:01+00:00", {**early, "result": "skipped"})
    names = [row.cells[0] for row in section(page_for([*records, skipped]), "Steps").rows]
    assert names[0] == "wait"
    assert names[1:] == [row.cells[0] for row in section(page_for(records), "Steps").rows]


def test_an_alternate_that_is_unusable_stands_first_with_what_to_type(page_for, records):
    body = {"master": "nimb", "state": "unusable", "reason": "It was fenced.", "commands": ["id", "lssrc -s nimesis"]}
    fenced = page_for([*records, Stored("put_back", 1, "put_back", "2026-11-22T01:25:00+00:00", body)])
    assert fenced.sections[0].heading == "The alternate after a sync that was not proven"
    assert [(row.cells, row.tone) for row in fenced.sections[0].rows] == [
        (("nimb", "unusable", "It was fenced.", "id\nlssrc -s nimesis"), "bad")
    ]


def test_a_run_that_goes_on_is_given_no_end(run, records, files):
    page = page_of(run, open_verdict(records), records, files, LOCATION)
    assert (page.verdict, page.tone) == ("no verdict yet", "warn")
    facts = dict(page.facts)
    assert "Ended" not in facts
    assert facts["Last record"] == "2026-11-22 01:24:33 UTC"
    assert facts["Changed a master"] == "yes"
    assert [row.cells[:2] for row in section(page, "Steps").rows] == [
        ("observe", "done"),
        ("backup", "done"),
        ("sync", "done"),
        ("verify", "failed"),
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 01 s"),
        (3599.4, "59 min 59 s"),
        (7260, "2 h 01 min"),
    ],
)
def test_durations_have_the_units_a_reader_needs(seconds, shown):
    assert took(seconds) == shown
