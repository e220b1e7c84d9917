"""The core runs without the libraries of the language model, and says what is missing where they are needed."""

import subprocess
import sys

import pytest

_WITHOUT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"no {{name}} here", name=name.split(".")[0])

sys.meta_path.insert(0, Blocked())
{code}
"""
_TRAINING = ("torch", "transformers", "peft", "trl", "datasets", "accelerate", "sacrebleu")
_SERVING = ("ctranslate2", "tokenizers")


def _run(blocked: tuple[str, ...], code: str) -> str:
    program = _WITHOUT.format(blocked=set(blocked), code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_service_starts_and_templates_answer_without_any_of_them() -> None:
    code = """
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.settings import Settings
from skillscope.tutoring.answerer import answer, feedback_request
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.writing.small_model import small_model
import skillscope.cli.lm

assert small_model(Settings()) is None
row = SkillPerformance("Math", "Algebra", "Linear Functions", 4, 10, 50, 3.0)
print(answer(feedback_request([row]), ()).answered_by)
"""
    assert _run((*_TRAINING, *_SERVING), code).split() == ["template"]


@pytest.mark.parametrize(
    ("blocked", "code"),
    [
        (_TRAINING, "from skillscope.lm.train import train; train(Path('a'), Path('b'))"),
        (_TRAINING, "from skillscope.lm.finetune import finetune_hub; finetune_hub('a', Path('b'), Path('c'))"),
        (_SERVING, "from skillscope.lm.writer import Writer; Writer(Path('a'))"),
    ],
)
def test_what_needs_them_names_the_extra(blocked: tuple[str, ...], code: str) -> None:
    tried = f"""
from pathlib import Path
from skillscope.errors import ConfigurationError
try:
    {code.split("; ", maxsplit=1)[0]}
    {code.split("; ")[1]}
except ConfigurationError as error:
    print(error)
"""
    told = _run(blocked, tried)
    assert "extra `lm" in told
    assert "make install" in told


def test_serving_needs_no_training_library() -> None:
    code = """
from skillscope.lm.writer import Writer
from skillscope.tutoring.writing.small_model import SmallModel
from skillscope.tutoring.writing.promote import promote
import sys
print(sorted(name for name in sys.modules if name.split(".")[0] in ("torch", "transformers")))
"""
    assert _run(_TRAINING, code).strip() == "[]"
