"""Throws broken input at every parser: nothing but a value or an error of ours may come out.

    python benchmarks/fuzz_parsers.py --cases 1000000 --seed 1

Each case takes a right record and breaks it: values of other kinds, keys dropped, doubled or made up, deep nesting, odd
characters, or bytes flipped, cut and joined. The parsers: events, xAPI statements, Caliper envelopes, strict JSON with
the records of responses and events, CSV of OneRoster, datasets and MIND-CA. Exit code 1 and the case where another
error comes out.
"""

import argparse
import copy
import csv
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from skillscope.assessment.importers import read_mind_ca
from skillscope.assessment.oneroster import read_oneroster
from skillscope.assessment.records import EventRecord, ResponseRecord
from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.io import read_dataset
from skillscope.errors import SkillscopeError
from skillscope.events import parse_event
from skillscope.events.caliper import events_from_caliper
from skillscope.events.xapi import events_from_statements
from skillscope.service.problems import ProblemError
from skillscope.service.statements import contents_of, digest_of, voids_of
from skillscope.service.strict_json import JsonError, parse_json

Case = tuple[str, Any]

EVENT = {
    "event_id": "e-1",
    "student_id": "s-1",
    "session_id": "g-1",
    "type": "task_started",
    "at": "2026-03-01T09:30:00Z",
    "task_id": "t",
    "data": {"expected_seconds": 90, "more": ["x", {"y": None}]},
}
STATEMENT = {
    "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
    "actor": {"objectType": "Agent", "account": {"homePage": "https://x.example", "name": "s-1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/failed", "display": {"en": "failed"}},
    "object": {
        "objectType": "Activity",
        "id": "https://x.example/t",
        "definition": {"extensions": {"https://x.example/seconds": "PT30S"}},
    },
    "result": {"success": False, "score": {"scaled": 0.5}, "duration": "PT1M30.5S"},
    "context": {"registration": "7ccd3322-e1a5-411a-a67d-6a735c76f120", "extensions": {"https://x.example/s": "g"}},
    "timestamp": "2026-03-01T09:30:00.123456789Z",
}
VOIDING = {
    **STATEMENT,
    "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
    "object": {"objectType": "StatementRef", "id": "7ccd3322-e1a5-411a-a67d-6a735c76f118"},
    "context": {"instructor": {"objectType": "Group", "member": [{"mbox": "mailto:t@x.example", "name": "Ms Ray"}]}},
}
ENVELOPE = {
    "sensor": "https://x.example",
    "data": [
        {"id": "https://x.example/entity", "type": "Person"},
        {
            "id": "urn:uuid:3a648e68-f00d-4c08-aa59-8738e1884f2c",
            "type": "AssessmentItemEvent",
            "action": "Completed",
            "actor": {"id": "s-1", "type": "Person"},
            "object": {"id": "https://x.example/t", "extensions": {"expectedSeconds": 30}},
            "session": {"id": "g-1"},
            "eventTime": "2026-03-01T09:30:00.000Z",
        },
    ],
}
RESPONSE = {"text": "We shared it.", "prompt": "Then?", "source": "human:x", "response_id": "r", "at": EVENT["at"]}
ROSTER = {
    "users.csv": "sourcedId,status,givenName,familyName,grades,role\ns-1,,Ada,Osch,04,student\nt-1,,Bo,Lee,,teacher\n",
    "classes.csv": "sourcedId,status,title,schoolSourcedId\nc-1,active,Maths,\n",
    "enrollments.csv": "sourcedId,status,classSourcedId,userSourcedId,role,beginDate,endDate\n"
    "e1,,c-1,s-1,student,2026-09-01,\ne2,,c-1,t-1,teacher,,2027-01-01\n",
}
MIND_CA = 'child_id,answer,score,age,gender,question\n7,he was sad so he hid,1,9,0,Q\n8,"no, never",2,10,1,Q2\n'
DATASET = (
    ",".join(COLUMNS)
    + '\n"We shared it, twice.",empathy,high,4,template:x'
    + ",0.1" * (len(COLUMNS) - 5)
    + "\nWe tried again.,,,5,human:y"
    + "," * (len(COLUMNS) - 5)
    + "\n"
)
ODD = (
    None, True, False, 0, -1, 10**30, 1.5, 1e308, float("nan"), float("inf"), "", " ", "\x00", "\ud800", "é" * 200,
    "x" * 5000, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-01T09:30:00",
    "P1Y", "PT1e9S", "mailto:x", "\u202e", "😀", [], {}, [[]], [{}], {"": ""}, {"id": 5}, {"id": {"id": []}},
)  # fmt: skip
BYTES = (b"\xff", b"\x00", b'"', b"[" * 40, b"{" * 40, b",", b"\n", b"\\ud800", b"NaN", b"1e999", b"\xef\xbb\xbf", b"-")


def spoil(chance: random.Random, value: Any) -> Any:
    """The value with one to four of its parts replaced, dropped, added or nested."""
    made = copy.deepcopy(value)
    for _ in range(chance.randint(1, 4)):
        holder, key = None, None
        part = made
        while isinstance(part, dict | list) and part and (holder is None or chance.random() < 0.6):
            holder = part
            key = chance.choice(list(part)) if isinstance(part, dict) else chance.randrange(len(part))
            part = part[key]
        if holder is None:
            return chance.choice(ODD)
        act = chance.random()
        if act < 0.55:
            holder[key] = copy.deepcopy(chance.choice(ODD))
        elif act < 0.75:
            del holder[key]
        elif act < 0.9 and isinstance(holder, dict):
            holder[str(chance.choice(ODD))[:40]] = copy.deepcopy(chance.choice(ODD))
        else:
            for _depth in range(chance.choice((1, 3, 50))):
                holder[key] = [holder[key]] if chance.random() < 0.5 else {"id": holder[key]}
    return made


def flip(chance: random.Random, raw: bytes) -> bytes:
    """The bytes with one to five places changed, cut or filled."""
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(raw) + 1)
        act = chance.random()
        if act < 0.4:
            raw = raw[:at] + chance.choice(BYTES) + raw[at:]
        elif act < 0.7:
            raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        elif act < 0.85:
            raw = raw[:at]
        else:
            raw = raw[:at] + raw[chance.randrange(len(raw) + 1) :]
    return raw


def _line(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except JsonError:
        return
    for kind in (ResponseRecord, EventRecord):
        with suppress(ValidationError):
            kind.model_validate(value)


def _statements(value: Any) -> None:
    events_from_statements(value)
    for statement in value if isinstance(value, list) else [value]:
        digest_of(statement)
        contents_of({"id": STATEMENT["id"], **statement})
        with suppress(ProblemError):
            voids_of(statement, 0)


def _csv_row(chance: random.Random, text: str) -> bytes:
    """The table with cells replaced as a table, or its bytes broken."""
    if chance.random() < 0.5:
        return flip(chance, text.encode())
    rows = list(csv.reader(io.StringIO(text)))
    for _ in range(chance.randint(1, 4)):
        row = chance.choice(rows)
        if row:
            row[chance.randrange(len(row))] = str(chance.choice(ODD))[:300]
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def parsers(folder: Path) -> dict[str, tuple[float, Callable[[random.Random], Any], Callable[[Any], Any]]]:
    """By name: its share of the cases, what makes a case, and what reads it."""

    def roster(files: dict[str, bytes]) -> None:
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
        read_oneroster(folder, names=True)

    def broken_roster(chance: random.Random) -> dict[str, bytes]:
        files = {name: text.encode() for name, text in ROSTER.items()}
        name = chance.choice(list(ROSTER))
        return files | {name: _csv_row(chance, ROSTER[name])}

    def mind_ca(raw: bytes) -> None:
        (folder / "dev.csv").write_bytes(raw)
        for _ in read_mind_ca(folder / "dev.csv"):
            pass

    def dataset(raw: bytes) -> None:
        (folder / "rows.csv").write_bytes(raw)
        read_dataset(folder / "rows.csv")

    return {
        "events": (0.26, lambda chance: spoil(chance, EVENT), parse_event),
        "xapi": (
            0.27,
            lambda chance: spoil(chance, chance.choice((STATEMENT, VOIDING, [STATEMENT, VOIDING]))),
            _statements,
        ),
        "caliper": (0.22, lambda chance: spoil(chance, ENVELOPE), events_from_caliper),
        "records": (
            0.22,
            lambda chance: flip(chance, json.dumps(spoil(chance, chance.choice((RESPONSE, EVENT)))).encode()),
            _line,
        ),
        "oneroster": (0.01, broken_roster, roster),
        "dataset": (0.01, lambda chance: _csv_row(chance, DATASET), dataset),
        "mind-ca": (0.01, lambda chance: _csv_row(chance, MIND_CA), mind_ca),
    }


def main() -> int:
    """Run; 0 where nothing else than a value or an error of ours came out."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for name, (share, make, read) in parsers(Path(place)).items():
            chance = random.Random(f"{given.seed}:{name}")
            began = time.perf_counter()
            refused = 0
            count = round(given.cases * share)
            for number in range(count):
                case = make(chance)
                try:
                    read(case)
                except SkillscopeError:
                    refused += 1
                except Exception as error:
                    print(f"{name}, case {number}: {type(error).__name__}: {error}\n{case!r}"[:4000])
                    return 1
            print(f"{name}: {count:,} cases, {refused:,} refused, {time.perf_counter() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
