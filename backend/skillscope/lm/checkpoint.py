"""A training in the making on the disk: whole or not there, and only continued by the training that it belongs to."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from skillscope.errors import ConflictError
from skillscope.synthesis.files import replacing, writing

__all__ = ["Checkpoint"]


class Checkpoint:
    """The folder `.NAME.training` beside what a training will write: what is trained (`plan`), how far it has come."""

    def __init__(self, output: Path, plan: dict[str, Any]) -> None:
        self.folder = output.with_name(f".{output.name}.training")
        self.plan = plan
        self._state = self.folder / "state.pt"

    def open(self, *, fresh: bool) -> None:
        """Begin, or take up what was begun; `fresh` forgets it.

        Raises:
            ConflictError: the folder holds another training.
            FileError: the folder cannot be written.
        """
        if fresh:
            self.remove()
        path = self.folder / "plan.json"
        if not path.exists():
            with replacing(path) as stream:
                stream.write(json.dumps(self.plan, indent=2, sort_keys=True) + "\n")
        elif json.loads(path.read_text("utf-8")) != self.plan:
            raise ConflictError(
                f"{self.folder} holds a training with other data or settings: choose another output, or --fresh"
            )

    def load(self) -> dict[str, Any] | None:
        """The last state, or None at the beginning."""
        import torch

        if not self._state.exists():
            return None
        state: dict[str, Any] = torch.load(self._state, weights_only=True)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Replace the last state; a kill in the middle leaves the one before.

        Raises:
            FileError: the disk is full, or the folder cannot be written.
        """
        import torch

        temporary = self._state.with_suffix(f".{os.getpid()}.tmp")
        with writing(self._state):
            try:
                with temporary.open("wb") as stream:
                    torch.save(state, stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(self._state)
            finally:
                temporary.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget the training."""
        shutil.rmtree(self.folder, ignore_errors=True)
