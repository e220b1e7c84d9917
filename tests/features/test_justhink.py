"""A log in JUSThink's form by hand, the real logs, and what is refused."""

from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from skillscope.cli.features import command_justhink
from skillscope.errors import FileError
from skillscope.features.justhink import NOT_TO_BE_HAD, justhink_features, read_justhink

HEAD = "team_no\tattempt_no\tturn_no\tevent_no\ttime\tsubject\tverb\tobject\n"
GAME = [
    ("1", "0.1", "R", "says", "let's go!"),
    ("2", "10", "A", "adds", "Zurich-Davos (2-9)"),
    ("3", "20", "B", "presses", "help (enabled)"),
    ("4", "30", "A", "presses", "submit (disabled)"),
    ("5", "40", "A", "presses", "submit (enabled)"),
    ("6", "41", "A", "presses", "submit (enabled)"),
    ("7", "42", "B", "presses", "submit (enabled)"),
    ("8", "43", "T", "submits", "cost=25 (opt_cost=22)"),
    ("9", "50", "B", "removes", "Zurich-Davos (2-9)"),
    ("10", "60", "B", "presses", "submit (enabled)"),
    ("11", "61", "A", "presses", "submit (enabled)"),
    ("12", "62", "T", "submits", "cost=22 (opt_cost=22)"),
]


def write(folder: Path, rows=GAME, team: str = "7") -> Path:
    body = "".join(f"{team}\t1\t1\t{'	'.join(row)}\n" for row in rows)
    path = folder / f"justhink19_log_{team}.csv"
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def test_a_game_by_hand(tmp_path):
    write(tmp_path)
    logs = read_justhink(tmp_path)
    assert logs.teams == ["justhink-07"]
    assert logs.robot_rows == 1
    assert Counter(event.type.value for event in logs.events) == {
        "session_started": 1,
        "task_started": 1,
        "task_progressed": 2,
        "task_retried": 1,
        "help_asked": 1,
        "other": 1,
        "group_decision_proposed": 3,
        "joint_decision": 2,
        "task_failed": 1,
        "task_completed": 1,
    }
    row = justhink_features(tmp_path).row(0, named=True)
    assert row["task_completion_rate"] == row["recovery_rate"] == row["retry_count"] == 1
    assert row["collaboration_indicators"] == 3
    assert row["leadership_indicators"] == 3
    assert row["event_count"] == 14
    assert (row["ended_at"] - row["started_at"]).total_seconds() == pytest.approx(61.9)
    assert all(row[name] != row[name] for name in NOT_TO_BE_HAD)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "line 1"),
        ("a,b\n", "line 1"),
        (HEAD + "7\t1\t1\n", "line 2"),
        (HEAD + "x\t1\t1\t1\t0\tA\tadds\ty\n", "line 2"),
    ],
)
def test_no_such_log(tmp_path, body, says):
    tmp_path.joinpath("a_log_b.csv").write_text(body, encoding="utf-8")
    with pytest.raises(FileError, match=says):
        read_justhink(tmp_path)


def test_an_empty_folder(tmp_path):
    with pytest.raises(FileError, match="holds no JUSThink log"):
        read_justhink(tmp_path)


def test_the_real_logs(shared_data):
    folder = shared_data / "real" / "justhink"
    if not folder.is_dir():
        pytest.skip("JUSThink's logs not found")
    table = justhink_features(folder)
    assert table.height >= 30
    for name in ("task_completion_rate", "recovery_rate"):
        assert set(table[name].to_list()) <= {0.0, 1.0}
    assert 0 < table["task_completion_rate"].mean() < 0.5  # a few teams found the cheapest solution
    assert (table["retry_count"] >= 1).all()
    assert (table["collaboration_indicators"] > 0).all()
    assert table["event_count"].is_between(50, 1000).all()


def test_the_command(tmp_path):
    write(tmp_path)
    app = typer.Typer()
    app.command()(command_justhink)
    result = CliRunner().invoke(app, [str(tmp_path)])
    assert result.exit_code == 0
    assert "justhink-07" in result.output
    assert "focus_duration cannot be had" in result.output
