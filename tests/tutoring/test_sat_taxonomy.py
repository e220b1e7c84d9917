import pytest

from skillscope.errors import NotFoundError
from skillscope.tutoring.taxonomy import load_taxonomy


def test_two_sections_eight_domains_and_their_skills() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.sections == ("Math", "Reading and Writing")
    assert taxonomy.domains["Math"] == (
        "Algebra",
        "Advanced Math",
        "Problem-Solving and Data Analysis",
        "Geometry and Trigonometry",
    )
    assert taxonomy.domains["Reading and Writing"] == (
        "Information and Ideas",
        "Craft and Structure",
        "Expression of Ideas",
        "Standard English Conventions",
    )
    assert len(taxonomy.skills) == 29
    assert sum(skill.section == "Math" for skill in taxonomy.skills) == 19


@pytest.mark.parametrize(
    ("older", "skill", "domain"),
    [
        ("Linear Functions", "linear-functions", "Algebra"),
        ("Triangles", "lines-angles-triangles", "Geometry and Trigonometry"),
        ("Evidence-Based Analysis", "command-of-evidence", "Information and Ideas"),
        ("Reading Comprehension", "central-ideas", "Information and Ideas"),
        ("Geometry", "lines-angles-triangles", "Geometry and Trigonometry"),
        ("  craft & STRUCTURE ", "words-in-context", "Craft and Structure"),
    ],
)
def test_older_names_map_onto_the_taxonomy(older: str, skill: str, domain: str) -> None:
    found = load_taxonomy().resolve(older)
    assert (found.id, found.domain) == (skill, domain)


def test_every_alias_leads_to_its_own_skill() -> None:
    taxonomy = load_taxonomy()
    for skill in taxonomy.skills:
        for name in (skill.id, skill.name, *taxonomy.names_of(skill)):
            assert taxonomy.resolve(name) is skill, name


def test_an_unknown_name_is_refused_without_quoting_it() -> None:
    with pytest.raises(NotFoundError, match="Linear Functions") as caught:
        load_taxonomy().resolve("Maria Secret")
    assert "Maria" not in str(caught.value)
