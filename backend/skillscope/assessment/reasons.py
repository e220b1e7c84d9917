"""Why a score is what it is: the models' contributions (TreeSHAP), put together so that a teacher understands them.

Lundberg et al. (2020) give each feature a share of the score such that all shares and the model's average add up to it.
Single features are a poor answer to "why": several measure the same thing, and trees pick among them at will. So
shares are added within a group of features that a teacher would call one thing. Four features are products of two
others; where the two belong to different groups, each group gets half.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import xgboost
from numpy.typing import NDArray

from skillscope.modeling.bundle import Bundle
from skillscope.skills import Skill

__all__ = [
    "COMPARED",
    "GROUPS",
    "STRONGEST",
    "Group",
    "Reason",
    "contributions",
    "find_all_reasons",
    "find_reasons",
    "group_weights",
]

Floats = NDArray[np.float64]

STRONGEST: Final = 3
"""Reasons given for a score."""


@dataclass(frozen=True, slots=True)
class Group:
    """What a teacher would call one thing: its key, its name, its features, and those that it shares with another."""

    key: str
    title: str
    features: tuple[str, ...]
    shared: tuple[str, ...] = ()


GROUPS: Final = (
    Group("words_of_feeling", "words for what others feel", ("empathy_markers",), ("empathy_social_interaction",)),
    Group("words_about_people", "words about other people", ("social_processes",)),
    Group("words_of_planning", "words of planning and checking", ("problem_solving_language",)),
    Group(
        "words_of_reasoning", "words of thinking and reasons", ("cognitive_processes",), ("problem_solving_cognitive",)
    ),
    Group("words_of_perseverance", "words of keeping on", ("perseverance_indicators",)),
    Group("tone", "the tone of what was said", ("positive_sentiment", "negative_sentiment")),
    Group(
        "amount_said",
        "how much was said",
        ("word_count", "unique_word_count", "noun_count", "verb_count", "adj_count", "adv_count"),
    ),
    Group("way_of_saying", "how it was said", ("avg_sentence_length", "syntactic_complexity", "readability_score")),
    Group("finishing", "finishing tasks", ("task_completion_rate", "time_efficiency"), ("problem_solving_cognitive",)),
    Group("coming_back", "coming back after failing", ("retry_count", "recovery_rate", "resilience_recovery")),
    Group("attention", "staying with the task", ("distraction_resistance", "focus_duration", "self_regulation_focus")),
    Group("working_together", "working together", ("collaboration_indicators",), ("empathy_social_interaction",)),
    Group("leading", "taking the lead", ("leadership_indicators",)),
    Group("activity", "how much was done", ("event_count",)),
)
"""Every feature stands in one group, or in two that share it."""

COMPARED: Final = Group("compared_with_others", "what was said, beside other answers to the question", ())
"""The columns of the feature families of a bundle, where it has any."""

_ALL: Final = (*GROUPS, COMPARED)


@cache
def group_weights(names: tuple[str, ...]) -> Floats:
    """Which part of each column's share belongs to each group, shape (columns, groups); rows add up to 1."""
    table = [[1.0 * (name in group.features) + 0.5 * (name in group.shared) for group in _ALL] for name in names]
    weights = np.array(table)
    weights[weights.sum(axis=1) == 0.0, -1] = 1.0
    return weights


@dataclass(frozen=True, slots=True)
class Reason:
    """A group's contribution to a score, in points, and the feature of it that contributed most that way."""

    group: Group
    contribution: float
    feature: str
    value: float


def contributions(bundle: Bundle, features: Floats) -> dict[Skill, Floats]:
    """By skill, how far each column moved each row's score from the model's average, shape (n, `bundle.names(skill)`).

    They and the average add up to the prediction before it is clipped to [0, 1].
    """
    found: dict[Skill, Floats] = {}
    matrices: dict[tuple[str, ...], xgboost.DMatrix] = {}  # without families all skills read the same columns
    for skill, model in bundle.models.items():
        names = bundle.names(skill)
        if names not in matrices or bundle.families.columns:
            matrices[names] = xgboost.DMatrix(bundle.inputs(skill, features), missing=np.nan, nthread=1)
        matrix = matrices[names]
        found[skill] = np.asarray(model.predict(matrix, pred_contribs=True), dtype=np.float64)[:, :-1]
    return found


def find_reasons(bundle: Bundle, features: Floats) -> dict[Skill, list[Reason]]:
    """By skill, the groups that moved the score of one feature row most, strongest first."""
    return find_all_reasons(bundle, features[None, :])[0]


def find_all_reasons(bundle: Bundle, features: Floats) -> list[dict[Skill, list[Reason]]]:
    """`find_reasons` of each of the rows; asking the models once for all is a good part of the work saved."""
    found: list[dict[Skill, list[Reason]]] = [{} for _ in features]
    for skill, table in contributions(bundle, features).items():
        names = bundle.names(skill)
        weights = group_weights(names)
        for of_row, shown, values in zip(found, table, bundle.inputs(skill, features), strict=True):
            shares = shown[:, None] * weights
            moved = shares.sum(axis=0)
            strongest = np.argsort(-np.abs(moved), kind="stable")[:STRONGEST]
            of_row[skill] = []
            for number in strongest[moved[strongest] != 0.0].tolist():
                column = int(np.argmax(shares[:, number] * np.sign(moved[number])))
                of_row[skill].append(Reason(_ALL[number], float(moved[number]), names[column], float(values[column])))
    return found
