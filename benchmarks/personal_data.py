"""How much personal data is found in students' notes, and how much else is taken for it.

    python benchmarks/personal_data.py

fills the notes of `personal_data.yaml` with names, e-mail addresses, phone numbers and street addresses, as written and
in lower case, and prints for each kind the share taken out whole, with a 95% interval (Wilson 1927), and how often
something was taken out that is none. `--real FOLDER` adds the share of real answers (SciEntsBank, unseen answers)
that are changed; they hold hardly any personal data, so nearly every change is a mistake.

The notes were written by the hand that wrote the rules, and one fault of the rules was found on them (the word “I”),
so the figures are those of notes of this kind, not of all notes. The names, real ones, were not looked at.
"""

import argparse
import csv
import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from skillscope.synthesis.filters import words_of
from skillscope.tutoring.extraction.quality import clean

STREETS = ("Street", "St", "Ave", "Avenue", "Road", "Rd.", "Lane", "Drive", "Blvd", "Court", "Place", "Terrace")
CITIES = ("Springfield, IL 62704", "Dayton, OH", "Fresno CA 93706", "")
MARKER = re.compile(r"\[(name|email|phone|address|link|handle|id|date)\]")


def _email(rng: random.Random, name: str, surname: str) -> str:
    host = rng.choice(("gmail.com", "school.k12.oh.us", "mail.co.uk", "students.example.org"))
    joint = rng.choice((".", "_", "", "-"))
    return f"{name}{joint}{surname}{rng.choice(('', str(rng.randint(1, 99))))}@{host}".lower()


def _phone(rng: random.Random) -> str:
    area, middle, end = rng.randint(201, 989), rng.randint(200, 999), f"{rng.randint(0, 9999):04d}"
    forms = (
        "{a}-{m}-{e}",
        "({a}) {m}-{e}",
        "{a}.{m}.{e}",
        "{a} {m} {e}",
        "+1 {a} {m} {e}",
        "1-{a}-{m}-{e}",
        "{a}{m}{e}",
    )
    return rng.choice(forms).format(a=area, m=middle, e=end)


def _address(rng: random.Random, surname: str) -> str:
    apartment = rng.choice(("", "", f", Apt {rng.randint(1, 40)}", f" #{rng.randint(1, 40)}"))
    city = rng.choice(CITIES)
    return f"{rng.randint(1, 9999)} {surname} {rng.choice(STREETS)}{apartment}{', ' + city if city else ''}"


def _planted(rng: random.Random, note: str, names: list[str], surnames: list[str]) -> tuple[str, list[tuple[str, str]]]:
    """The note, filled, and what was put in: (kind, text)."""
    found: list[tuple[str, str]] = []

    def fill(match: re.Match[str]) -> str:
        kind = match.group(1)
        name, surname = rng.choice(names), rng.choice(surnames)
        made = {
            "name": lambda: name,
            "name2": lambda: name,
            "surname": lambda: surname,
            "email": lambda: _email(rng, rng.choice(("ana", "leo", "kim")), surname),
            "phone": lambda: _phone(rng),
            "address": lambda: _address(rng, surname),
        }[kind]()
        found.append((kind.rstrip("2"), made))
        return made

    return re.sub(r"\{(\w+)\}", fill, note), found


def _left(text: str, planted: str) -> bool:
    """Whether any word of what was planted still stands in the text; words such as St. aside."""
    words = [word for word in re.findall(r"\w[\w'@.-]*", planted.lower()) if len(word) > 2 or word.isdigit()]
    return any(re.search(rf"(?<!\w){re.escape(word.strip('.'))}(?!\w)", text.lower()) for word in words[:2])


def _share(hits: int, total: int) -> str:
    if not total:
        return "none"
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return f"{share:6.1%}  [{middle - half:.1%}, {middle + half:.1%}] of {total}"


def measure(data: dict[str, Any], *, seed: int, rounds: int) -> None:
    """Prints recall by kind, source of names and case; then precision, and the clean notes that changed."""
    for source, names in data["names"].items():
        for case in ("as written", "lower case"):
            rng = random.Random(f"{seed} {source}")
            hits: Counter[str] = Counter()
            totals: Counter[str] = Counter()
            markers = right = 0
            for note in data["notes"] * rounds:
                text, planted = _planted(rng, note, names, data["surnames"])
                given = text if case == "as written" else text.lower()
                cleaned, _ = clean(given)
                gone = [kind for kind, value in planted if not _left(cleaned, value)]
                hits.update(gone)
                totals.update(kind for kind, _ in planted)
                found = len(MARKER.findall(cleaned))
                markers += found
                right += min(found, len(planted))
            print(f"names {source}, {case}")
            for kind in sorted(totals):
                print(f"  {kind:<8} found {_share(hits[kind], totals[kind])}")
            print(f"  taken out and planted {_share(right, markers)}")
    changed = [note for note in data["clean"] if MARKER.search(clean(note)[0])]
    print(f"notes without personal data, changed: {_share(len(changed), len(data['clean']))}")


def main() -> None:
    """Measure on made notes, and on real answers where they are at hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--real", type=Path)
    given = parser.parse_args()
    measure(yaml.safe_load(given.data.read_text(encoding="utf-8")), seed=given.seed, rounds=given.rounds)
    if given.real:
        with (given.real / "test-unseen-answers.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        known = [frozenset(words_of(f"{row['question']} {row['reference']}")) for row in rows]
        changed = sum(
            bool(MARKER.search(clean(row["answer"], words)[0])) for row, words in zip(rows, known, strict=True)
        )
        print(f"real answers about science, changed: {_share(changed, len(rows))}")


if __name__ == "__main__":
    main()
