"""The network: a Llama of a preset's size, its loss on targets alone, and its files in the hub's layout."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillscope.errors import BundleError, ConfigurationError
from skillscope.lm.presets import Preset

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

__all__ = ["build", "load_weights", "need_training_extra", "quiet", "save_weights", "target_loss"]


def need_training_extra() -> None:
    """Refuse at once where the libraries that training needs are not installed.

    Raises:
        ConfigurationError: naming the extra.
    """
    try:
        import torch  # noqa: F401  # only whether it is there
        import transformers  # noqa: F401  # likewise
    except ImportError as error:
        raise ConfigurationError(
            f"training a language model needs the extra `lm` ({error.name} is not installed): `make install`, or "
            "pip install 'skillscope[lm]'"
        ) from error


@contextmanager
def quiet() -> "Iterator[None]":
    """Keep progress bars and advice of the model libraries off the terminal."""
    from transformers.utils import logging as told

    level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    told.set_verbosity_error()
    told.disable_progress_bar()
    logger = logging.getLogger("accelerate")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
        told.set_verbosity(level)
        if bars:
            told.enable_progress_bar()


def build(preset: Preset, vocabulary: int, seed: int) -> Any:
    """A network with random weights; the same seed gives the same."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=preset.hidden,
        intermediate_size=preset.ffn,
        num_hidden_layers=preset.layers,
        num_attention_heads=preset.heads,
        num_key_value_heads=preset.kv_heads,
        max_position_embeddings=preset.context,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        attn_implementation="sdpa",
    )
    with quiet():
        return LlamaForCausalLM(config)


def target_loss(model: Any, given: "torch.Tensor", wanted: "torch.Tensor") -> "torch.Tensor":
    """Mean cross-entropy in nats over the ids of the targets; the vocabulary is only scored where one counts."""
    import torch

    counts = wanted >= 0
    if type(model).__name__ == "LlamaForCausalLM":
        hidden = model.model(input_ids=given, use_cache=False).last_hidden_state
        scores = model.lm_head(hidden[counts])
    else:
        scores = model(input_ids=given, use_cache=False).logits[counts]
    return torch.nn.functional.cross_entropy(scores, wanted[counts])


def save_weights(model: Any, tokenizer: "Tokenizer", folder: Path) -> None:
    """Weights in half precision, configuration and tokenizer, as `from_pretrained` reads them.

    Half precision is what is kept and what training goes on from: 2 bytes a weight, and int8 is made from it.
    """
    from transformers import PreTrainedTokenizerFast

    from skillscope.lm.tokenizer import BEGIN, END, PAD

    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        state = {name: value.detach().half() for name, value in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            state.pop("lm_head.weight", None)  # the embeddings again
        model.save_pretrained(folder, state_dict=state)
        wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PAD)
        wrapped.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def load_weights(folder: Path) -> Any:
    """The network of a folder, in single precision and ready to train.

    Raises:
        BundleError: the folder holds none.
    """
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with quiet():
            return AutoModelForCausalLM.from_pretrained(
                str(folder), dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
            )
    except (OSError, ValueError) as error:
        raise BundleError(f"{folder} holds no weights that can be trained on") from error
