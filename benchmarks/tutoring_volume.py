"""How much a month of practice leaves behind, and how fast it is extracted.

    python benchmarks/tutoring_volume.py --users 10000 --sittings 1

prints the extracted counts by kind beside the planned volumes, scaled to the users, and the time of the extraction.
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from skillscope.store import make_engine, open_store
from skillscope.store.practice_tables import PracticeResponseRow
from skillscope.tutoring.bank import load_demo_tutoring
from skillscope.tutoring.extraction import extract_pairs
from skillscope.tutoring.volume import PLANNED_PER_USER, Habits, simulate_month


def main() -> None:
    """Simulate, extract, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--sittings", type=int, default=1)
    parser.add_argument("--answers", type=int, default=10)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/volume.db"
        engine = make_engine(url)
        sessions = open_store(engine)
        load_demo_tutoring(sessions, [])
        began = time.perf_counter()
        simulate_month(sessions, given.users, seed=given.seed, habits=Habits(given.sittings, given.answers))
        practised = time.perf_counter() - began
        with sessions() as session:
            responses = session.scalar(select(func.count()).select_from(PracticeResponseRow)) or 0
        began, worked = time.perf_counter(), time.process_time()
        manifest = extract_pairs(url, Path(folder) / "real.jsonl", since=datetime(2024, 1, 1, tzinfo=UTC))
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        engine.dispose()
        with (Path(folder) / "real.jsonl").open(encoding="utf-8") as lines:
            acted = sum('"study_plan_actions"' in line for line in lines)
    kinds, equal = manifest.by_kind, manifest.dropped.get("equal to an earlier pair", 0)
    rated = kinds.get("rated", 0) + manifest.rejected + manifest.dropped.get("rating of three stars", 0)
    found = {
        "ratings": rated,
        "help": kinds.get("help", 0),
        "plans": acted,
        "notes": kinds.get("note", 0),
    }
    print(f"{given.users} users, {responses} responses, simulated in {practised:.1f} s")
    for kind, per_user in PLANNED_PER_USER.items():
        print(f"{kind:<8} {found[kind]:>7} extracted, {round(per_user * given.users):>7} planned")
    print(f"feedback {kinds.get('feedback', 0):>7}, equal to an earlier pair and left out: {equal}")
    print(f"{manifest.pairs} pairs in {seconds:.1f} s ({worked:.1f} s of CPU)")


if __name__ == "__main__":
    main()
