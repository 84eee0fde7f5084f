"""What was planned for the clients of a pair, what it came to, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator

from nim_operators.evidence.plantext import told_aside
from nim_operators.evidence.records import Json, Stored
from nim_operators.evidence.sections.base import Row, Section, Told, capped

_NAMED = 40


def came_to(told: Told) -> Section | None:
    """Show each client that does not name its new master, and what else is not as it should be."""
    found = told.last("takeover")
    if found is None:
        return None
    body = found.body
    rows = [
        Row((one["client"], one["cause"], one["saw"], one["remedy"]), "bad")
        for one in sorted(body["unresolved"], key=lambda one: (one["cause"], one["client"]))
    ]
    shown, more = capped(rows, found.file)
    if rows:
        told_last = f"{'1 client does' if len(rows) == 1 else f'{len(rows)} clients do'} not name {body['target']}:"
    else:
        told_last = f"Every client names {body['target']} by its own /etc/niminfo."
    columns = ("client", "cause", "what was seen", "what to do")
    sentences = (*_besides(body), *_set_aside(told), *more, told_last)
    return Section("What the takeover came to", sentences, columns, shown, toned=1)


def _besides(body: Json) -> Iterator[str]:
    if body["disagreeing"]:
        yield from body["disagreeing"]
    else:
        yield "Each database that could be read agrees with the clients that moved."
    if body["one_way"]:
        yield (
            f"Moved, but could not be given back, because their lists lack {body['source']}: "
            f"{_names(body['one_way'])}. Run niminit on them with {body['source']} as a master too."
        )
    yield f"Filesets, asked of one client that moved: {body['sample']}."


def _set_aside(told: Told) -> Iterator[str]:
    after = told.after_takeover()
    silent = [row["client"] for row in after.body["ownership"].get("set_aside", ())] if after else []
    if silent:
        yield f"Silent and set aside in the estate file, so not counted: {_names(silent)}."


def planned(told: Told) -> Section | None:
    """Show the command lines of the plan and the clients that they are for."""
    made = told.last("plan")
    if made is None:
        return None
    plan, point = made.body["plan"], made.body.get("recovery_point")
    sentences = []
    if plan["clients"]:
        sentences.append(f"Clients to move: {_names(plan['to_move']) or 'none'}.")
        sentences.append(f"Final sync: {plan['final_sync']}.")
        sentences += [plan["why_no_sync"]] if plan["why_no_sync"] else []
    sentences += [f"{sentence}." for sentence in told_aside(made.body)]
    rests = f"{point['at']} ({point['source']} to {point['target']})" if point else "none"
    sentences.append(f"Last recovery point at that time: {rests}.")
    sentences.append(f"Digest of the plan: {made.body['digest']}")
    rows = tuple(Row((host, line)) for host, line in plan["commands"])
    return Section("What was planned", tuple(sentences), ("host", "command"), rows)


def obstacles(told: Told) -> Section | None:
    """Show what stood in the way of clients before anything was sent; folded once the clients have spoken."""
    made = told.last("plan")
    rows = [
        Row((one["client"], found["cause"], found["saw"], found["remedy"]), "warn")
        for one in (made.body["plan"]["obstacles"] if made else ())
        for found in one["obstacles"]
    ]
    if made is None or not rows:
        return None
    shown, more = capped(rows, made.file)
    columns = ("client", "cause", "what was seen", "what to do")
    is_over = told.last("takeover") is not None
    return Section("Clients that would not or might not follow", more, columns, shown, toned=1, folded=is_over)


def lost(told: Told) -> Section | None:
    """Show what will be gone: at once in a disaster, by the sync that makes a returned master the standby."""
    made = told.last("plan")
    if made is None or not made.body["plan"]["lost"]:
        return None
    plan = made.body["plan"]
    shown, more = capped([Row((sentence,)) for sentence in plan["lost"]], made.file)
    if plan["clients"]:
        return Section("What is lost", more, (f"gone, or not known to {plan['target']}",), shown)
    backups = [record.body for record in told.of("backup") if record.body["master"] == plan["target"]]
    told_where = f"Its own database of before is kept in {backups[-1]['path']}." if backups else "No backup was made."
    return Section(
        f"What only {plan['target']} had, or had otherwise",
        (f"The sync replaces it; merge by hand what is still wanted. {told_where}", *more),
        ("object",),
        shown,
    )


def fences(told: Told) -> Section | None:
    """Show how each fence was last seen, and what became of it since."""
    last = {record.body["master"]: record for record in told.of("fence")}
    rows = tuple(_fence(told, record) for record in last.values())
    return Section("Fence", (), ("master", "state", "what was seen"), rows, toned=1) if rows else None


def _fence(told: Told, fence: Stored) -> Row:
    master = fence.body["master"]
    if _is_lifted(told, master):
        return Row((master, "lifted", "It bears no mark of a fence any more, and its nimesis is active."), "good")
    restored = any(
        (record.body["master"], record.body["state"]) == (master, "put back") and record.at > fence.at
        for record in told.of("put_back")
    )
    if restored:
        text = "Its own database was put back since, and the fence was not read again. Look at it: 'lssrc -s nimesis'."
        return Row((master, "NOT FENCED", text), "bad")
    state, tone = ("fenced", "good") if fence.body["stands"] else ("NOT FENCED", "bad")
    return Row((master, state, fence.body["said"]), tone)


def _is_lifted(told: Told, master: str) -> bool:
    """Tell whether a job that lifts a fence was sent there, and its step read it back."""
    steps = {
        record.task_id
        for record in told.of("job")
        if record.body["kind"] == "lift_fence" and record.body["host"] == master
    }
    return any(record.task_id in steps and record.body["result"] == "done" for record in told.of("step"))


def ownership_over_time(told: Told) -> Section | None:
    """Count who controlled the clients when the plan was made, and after the takeover."""
    columns, rows = ["when"], []
    for when, matrix in _matrices(told):
        names = {"owned by source": matrix["source"], "owned by target": matrix["target"]}
        columns[1:] = [names.get(verdict, verdict) for verdict in matrix["summary"]]
        rows.append(Row((when, *(str(count) for count in matrix["summary"].values()))))
    if not rows:
        return None
    told_how = "Numbers of clients; a master's are those that name it by their own word, which no database contradicts."
    return Section("Who controls the clients, before and after", (told_how,), tuple(columns), tuple(rows))


def _matrices(told: Told) -> Iterator[tuple[str, Json]]:
    after, made = told.after_takeover(), told.last("plan")
    if after is None or made is None:
        return
    before = [
        record for record in told.of("assessment") if record.task_id == made.task_id and record.number < made.number
    ]
    if before:
        yield "before", before[-1].body["ownership"]
    yield "after", after.body["ownership"]


def clients_over_time(told: Told) -> Section | None:
    """Show each client before and after; of many clients only those that are not agreed to be the new master's."""
    matrices = dict(_matrices(told))
    after = told.after_takeover()
    if after is None or "after" not in matrices:
        return None
    now = matrices["after"]
    was = {row["client"]: row["verdict"] for row in matrices.get("before", now)["rows"]}
    masters = (now["source"], now["target"])
    names = {"owned by source": masters[0], "owned by target": masters[1]}
    agreed = [row for row in now["rows"] if row["verdict"] == "owned by target"]
    others = [row for row in now["rows"] if row["verdict"] != "owned by target"]
    left_out = len(agreed) > _NAMED
    rows = [
        Row(
            (
                row["client"],
                names.get(was.get(row["client"], ""), was.get(row["client"], "")),
                names.get(row["verdict"], row["verdict"]),
                ", ".join(row["own_word"]),
                *(row["databases"].get(master) or "" for master in masters),
                "; ".join([*row["asked"], *row["remarks"]]),
            ),
            "good" if row["verdict"] == "owned by target" else "warn",
        )
        for row in [*others, *([] if left_out else agreed)]
    ]
    shown, more = capped(rows, after.file)
    told_too = f"{len(agreed)} clients that are agreed to be {masters[1]}'s are left out; {after.file} has them."
    columns = (
        "client",
        "before",
        "after",
        "says the client",
        *(f"says {master}" for master in masters),
        "how it was asked",
    )
    return Section("Clients one by one", (*([told_too] if left_out else []), *more), columns, shown, toned=2)


def _names(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
