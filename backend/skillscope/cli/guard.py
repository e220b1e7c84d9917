"""Where our errors end: one line on stderr and an exit code, never a traceback."""

import sys
from collections.abc import Callable

from skillscope.errors import SkillscopeError

__all__ = ["guarded"]


def guarded(call: Callable[[], object], *, prefix: str, interrupted: str = "interrupted") -> None:
    """Run a command line; what goes wrong on purpose is told in one line that begins with `prefix`."""
    try:
        call()
    except SkillscopeError as error:
        sys.stderr.write(f"{prefix}: {' '.join(str(error).split())}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write(f"{interrupted}\n")
        raise SystemExit(130) from None
    except BrokenPipeError:  # whoever read our output has enough
        sys.stderr.close()
        raise SystemExit(0) from None
