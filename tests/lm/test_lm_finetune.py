"""Training further: our own model with replay, and any causal model in the hub's layout."""

import json
from pathlib import Path

import pytest

from lm_parts import write_pairs
from skillscope.errors import BundleError, ConfigurationError, InputError
from skillscope.lm.blend import blend
from skillscope.lm.bundle import read_record, read_scope
from skillscope.lm.finetune import finetune_hub, finetune_own, is_own, with_replay
from skillscope.lm.network import load_weights, quiet
from skillscope.lm.rows import Example, read_examples
from skillscope.lm.writer import Writer
from skillscope.synthesis.files import file_sha256


def _examples(count: int, origin: str) -> list[Example]:
    return [Example("plan", f"{origin} {number}", "said", f"{number}", origin) for number in range(count)]


@pytest.mark.parametrize(
    ("real", "synthetic", "share", "added"),
    [(90, 0, 0.25, 30), (90, 10, 0.25, 20), (90, 40, 0.25, 0), (90, 0, 0.0, 0), (10, 0, 0.5, 10)],
)
def test_replay_fills_up_to_its_share(real: int, synthetic: int, share: float, added: int) -> None:
    """90 real ones and 30 synthetic make a quarter; what is synthetic already counts."""
    given = _examples(real, "real") + _examples(synthetic, "synthetic")
    spare = [Example("plan", f"spare {number}", "said", f"{number}") for number in range(100)]
    mixed = with_replay(given, spare, share, 7)
    assert mixed[: len(given)] == given
    assert len(mixed) == len(given) + added
    assert mixed == with_replay(given, list(reversed(spare)), share, 7)


def test_a_replayed_pair_is_no_second_one() -> None:
    given = _examples(9, "real") + _examples(1, "synthetic")
    assert len(with_replay(given, _examples(1, "synthetic"), 0.25, 0)) == 10


def test_a_share_of_everything_is_refused() -> None:
    with pytest.raises(InputError, match="below 1"):
        with_replay(_examples(3, "real"), [], 1.0, 0)


def test_our_own_model_is_trained_further(minute: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.jsonl"
    rows = [json.loads(line) for line in write_pairs(tmp_path / "all.jsonl", 30).read_text("utf-8").splitlines()]
    real.write_text("".join(json.dumps({**row, "origin": "real"}) + "\n" for row in rows[:40]), encoding="utf-8")
    done = finetune_own(minute, real, tmp_path / "tuned", replay=tmp_path / "all.jsonl", steps=4, threads=1, every=2)
    record = read_record(tmp_path / "tuned")
    assert record.base == file_sha256(minute / "manifest.json")
    assert record.steps == 4
    trained = read_examples(real).train
    synthetic = sum(count for name, count in record.trained_on.items() if name.startswith("synthetic"))
    assert synthetic == round(len(trained) / 3)
    assert done.record.files["model.bin"] != read_record(minute).files["model.bin"]
    assert all(example.prompt in read_scope(tmp_path / "tuned") for example in trained)
    assert len(Writer(tmp_path / "tuned").write_unasked([trained[0].prompt])) == 1


def test_a_blend_lies_between_a_model_and_what_became_of_it(minute: Path, pairs: Path, tmp_path: Path) -> None:
    tuned = finetune_own(minute, pairs, tmp_path / "tuned", steps=2, threads=1, rate=1e-1).output
    record = blend(minute, tuned, tmp_path / "blended", 0.25)
    first, last, between = (
        load_weights(folder / "weights").state_dict()["lm_head.weight"]
        for folder in (minute, tuned, tmp_path / "blended")
    )
    assert float((first - last).abs().max()) > 0.01
    assert float((0.75 * first + 0.25 * last - between).abs().max()) < 1e-3
    assert (record.blend, record.steps) == (0.25, 22)
    assert record.base == file_sha256(minute / "manifest.json")
    assert sum(record.trained_on.values()) == 2 * len(read_examples(pairs).train)
    with pytest.raises(InputError, match="was not fine-tuned from"):
        blend(tuned, minute, tmp_path / "no")


@pytest.fixture(scope="module")
def hub_model(tmp_path_factory: pytest.TempPathFactory, minute: Path) -> Path:
    """A GPT-2 of a few thousand weights with a tokenizer, as a folder of the hub."""
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("hub") / "small-gpt2"
    config = GPT2Config(vocab_size=700, n_positions=384, n_embd=16, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2)
    with quiet():
        GPT2LMHeadModel(config).save_pretrained(folder)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(minute / "tokenizer.json"), bos_token="<s>", eos_token="</s>", pad_token="<pad>"
        )
        tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("lora", [False, True])
def test_any_causal_model_is_trained_further(hub_model: Path, pairs: Path, tmp_path: Path, lora: bool) -> None:
    from transformers import AutoModelForCausalLM

    tuned = finetune_hub(
        str(hub_model), pairs, tmp_path / "tuned", lora=lora, rank=4, steps=12, batch=4, rate=3e-2, threads=1
    )
    assert (tuned.base, tuned.lora, tuned.steps) == ("small-gpt2", lora, 12)
    assert tuned.loss_before is not None
    assert tuned.loss_after is not None
    assert tuned.loss_after < tuned.loss_before
    assert (tuned.trained_weights < tuned.all_weights) is lora
    with quiet():
        again = AutoModelForCausalLM.from_pretrained(str(tmp_path / "tuned"), local_files_only=True)
    names = [name for name, _ in again.named_parameters()]
    assert not any("lora" in name for name in names)
    assert json.loads((tmp_path / "tuned" / "tuned.json").read_text("utf-8"))["steps"] == 12


def test_a_model_that_is_not_here_says_how_to_get_it(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--download.*hf download nobody/nothing-1b"):
        finetune_hub("nobody/nothing-1b", pairs, tmp_path / "tuned", threads=1)
    assert not (tmp_path / "tuned").exists()


def test_a_folder_without_a_model_is_refused(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match="no causal model"):
        finetune_hub(str(tmp_path / "empty"), pairs, tmp_path / "tuned", threads=1)


def test_our_own_bundle_is_known_from_a_hub_folder(minute: Path, hub_model: Path) -> None:
    assert is_own(str(minute))
    assert not is_own(str(hub_model))
    assert not is_own("nobody/nothing-1b")
