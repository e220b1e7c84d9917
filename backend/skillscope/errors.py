"""Every error that Skillscope raises on purpose.

    SkillscopeError
    ├── InputError              what was given cannot be used                        exit 2, HTTP 422
    │   ├── FileError           a file is missing, empty, unreadable or not UTF-8
    │   ├── SchemaError         columns, ranges or balance of a table are wrong
    │   ├── EventError          a telemetry event or statement is wrong
    │   ├── TextError           a response cannot be measured (too long, no words, ...)
    │   └── EvidenceError       too little is known about a student to assess
    ├── NotFoundError           a student, model or row does not exist               exit 2, HTTP 404
    ├── ConflictError           it exists already, differently                       exit 2, HTTP 409
    ├── AccessError             no token, a bad one, or a role that may not          exit 2, HTTP 401 or 403
    ├── ConfigurationError      a setting is missing or contradicts another          exit 2, HTTP 500
    ├── BundleError             a model bundle is corrupt or of another version      exit 2, HTTP 503
    └── ProviderError           a language-model provider refused or failed          exit 2, HTTP 502

A message says what is wrong, where, and what would be right. It never quotes a student's text or name.
"""

__all__ = [
    "AccessError",
    "BundleError",
    "ConfigurationError",
    "ConflictError",
    "EventError",
    "EvidenceError",
    "FileError",
    "InputError",
    "NotFoundError",
    "ProviderError",
    "SchemaError",
    "SkillscopeError",
    "TextError",
]


class SkillscopeError(Exception):
    """Root of the tree. `exit_code` is what a command exits with."""

    exit_code = 2


class InputError(SkillscopeError):
    """What was given cannot be used; `field` names the offending part where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class FileError(InputError):
    """A file is missing, empty, unreadable, not writable or not UTF-8."""


class SchemaError(InputError):
    """The columns, ranges or balance of a table are wrong."""


class EventError(InputError):
    """A telemetry event, or a statement that stands for one, is wrong."""


class TextError(InputError):
    """A response cannot be measured."""


class EvidenceError(InputError):
    """Too little is known about a student; `missing` says what is needed and how much there is."""

    def __init__(self, message: str, *, missing: list[str]) -> None:
        super().__init__(message)
        self.missing = missing


class NotFoundError(SkillscopeError):
    """A student, a model or a row does not exist."""


class ConflictError(SkillscopeError):
    """The thing exists already, with other contents."""


class AccessError(SkillscopeError):
    """No token, a bad or expired one (`authenticated` False), or a role that may not do this (True)."""

    def __init__(self, message: str, *, authenticated: bool = False) -> None:
        super().__init__(message)
        self.authenticated = authenticated


class ConfigurationError(SkillscopeError):
    """A setting is missing, unusable, or contradicts another."""


class BundleError(SkillscopeError):
    """A model bundle is corrupt, incomplete, or made with another schema or language pipeline."""


class ProviderError(SkillscopeError):
    """A language-model provider refused, failed, or answered something unusable."""
