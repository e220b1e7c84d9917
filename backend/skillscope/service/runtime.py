"""What a worker holds while it serves: settings, the store, the champion. Each is had on first use and tried again."""

import logging
import math
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.scoring import score_rows
from skillscope.errors import BundleError, ConfigurationError, SkillscopeError
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.modeling.registry import load_champion
from skillscope.service.assessing import Assessor
from skillscope.service.limits import RateLimiter
from skillscope.service.problems import ProblemError
from skillscope.service.revocation import counts_no_more
from skillscope.service.scorer import RowScorer
from skillscope.service.secrets import Keyring, load_keyring, secret_file
from skillscope.service.tokens import Caller, Role, VerifiedTokens
from skillscope.settings import Settings
from skillscope.store import open_database, ping, queries, records, writing
from skillscope.tutoring.answerer import Answerer

__all__ = ["Runtime"]

_log = logging.getLogger("skillscope.service")

_MODEL_STATE: Final = "model"
_RETRY_SECONDS: Final = 5.0
REVOCATION_SECONDS: Final = 5.0
"""A revoked token is refused by every worker after this time at most; a student's at once."""


class Runtime:
    """The parts that requests need; safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings], Bundle] = load_champion,
        answerers: Sequence[Answerer] = (),
    ) -> None:
        self.settings = settings
        self.answerers = tuple(answerers)
        """Who words feedback before the template does, in order: the small model, then an external one."""
        self.assessor = Assessor(self, evidence=False)
        self.explainer = Assessor(self, evidence=True)
        """Beside the other, so that nobody waits for another's evidence."""
        self.scorer = RowScorer()
        self._load = load
        self._lock = threading.Lock()
        self._bundle: Bundle | None = None
        self.loaded_at: datetime | None = None
        self.following: threading.Thread | None = None
        self._model_state: str | None = None
        self._tried_at = -_RETRY_SECONDS
        self._limiter: RateLimiter | None = None
        self._secret_file = secret_file(settings)
        self._keyring: Keyring | None = None
        self._keyring_of: tuple[int, int] = (0, 0)
        self._tokens: VerifiedTokens | None = None
        self._revoked: frozenset[str] = frozenset()
        self._revoked_at = -REVOCATION_SECONDS

    @property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions on the store.

        Raises:
            ProblemError: the database cannot be opened.
        """
        try:
            return open_database(self.settings.database)
        except ConfigurationError as error:
            _log.error("the store cannot be opened: %s", error)
            detail = "the database does not answer; nothing was stored"
            raise ProblemError("store-unavailable", detail, headers={"Retry-After": "5"}) from error

    @property
    def is_loaded(self) -> bool:
        """Whether the champion is had without waiting."""
        return self._bundle is not None

    @property
    def bundle(self) -> Bundle:
        """The champion; one that could not be loaded is tried again after a few seconds.

        Raises:
            BundleError: there is none that can be loaded.
        """
        if self._bundle is not None:
            return self._bundle
        with self._lock:
            if self._bundle is None:
                self._try_loading()
            if self._bundle is None:
                raise BundleError("no model is loaded")
            return self._bundle

    def _try_loading(self) -> None:
        if time.monotonic() - self._tried_at < _RETRY_SECONDS:
            return
        self._tried_at = time.monotonic()
        try:
            self._bundle = self._load(self.settings)
            self.loaded_at = datetime.now(UTC)
        except SkillscopeError as error:
            _log.error("the model cannot be loaded: %s", error)
        else:
            _log.info("model %s loaded", self._bundle.version)

    def reload(self) -> tuple[str | None, str]:
        """Load the champion anew and serve it from now on, here and, within seconds, in the other workers.

        Requests in flight end with the model that they began with. Gives the versions before and after.

        Raises:
            ProblemError: it cannot be served (`model-refused`); the one before goes on serving.
        """
        with self._lock:
            before = self._bundle.version if self._bundle else None
            try:
                made = self._checked()
            except SkillscopeError as error:
                _log.error("the model was refused: %s", error)
                reason = re.sub(r"(?:/[^/\s:]+)+/", "", str(error))
                raise ProblemError("model-refused", f"{reason}; the model before it goes on serving") from error
            self._bundle = made
            self.loaded_at = datetime.now(UTC)
        _log.info("model %s serves in the place of %s", made.version, before)
        state = f"{made.version} {uuid.uuid4()}"
        self._model_state = state
        with self.sessions.begin() as session:
            records.write_state(writing(session), _MODEL_STATE, state)
        return before, made.version

    def _checked(self) -> Bundle:
        """The champion, after it has scored a row: what is compiled at first use is compiled now."""
        made = self._load(self.settings)
        score_rows(made, np.full((1, len(FEATURE_NAMES)), 0.5), missing=[[]])
        return made

    def _follow(self, state: str | None) -> None:
        """Serve what another worker was told to serve; loads beside the requests."""
        if state is None or state == self._model_state:
            return
        self._model_state = state
        if self._bundle is not None and self._bundle.version == state.partition(" ")[0]:
            return

        def load() -> None:
            try:
                with self._lock:
                    self._bundle = self._checked()
                    self.loaded_at = datetime.now(UTC)
                _log.info("model %s loaded, as another worker was told", self._bundle.version)
            except SkillscopeError as error:
                _log.error("the model was refused: %s", error)

        self.following = threading.Thread(target=load, name="skillscope-model", daemon=True)
        self.following.start()

    def warm(self) -> None:
        """Load what requests need before the first one comes; what fails is logged and tried again later."""
        from skillscope.language import load_pipeline

        with self._lock:
            self._try_loading()
        for part in (load_pipeline, lambda: self.sessions, lambda: self.keyring):
            try:
                part()
            except (SkillscopeError, ProblemError) as error:
                _log.error("not ready: %s", error)

    @property
    def keyring(self) -> Keyring:
        """What signs tokens; read anew when its file changes, so that a rotation needs no restart."""
        state = (0, 0)
        if self.settings.token_secret is None:
            try:
                found = self._secret_file.stat()
                state = (found.st_mtime_ns, found.st_ino)
            except OSError:
                pass  # it is made, or refused, below
        keyring = self._keyring
        if keyring is None or state != self._keyring_of:
            keyring = load_keyring(self.settings)
            self._keyring, self._keyring_of = keyring, state
        return keyring

    def authenticate(self, token: str) -> Caller:
        """Who holds this token.

        Raises:
            AccessError: nobody does: it is wrong, expired or revoked.
        """
        keyring = self.keyring
        tokens = self._tokens
        if tokens is None or tokens.keyring is not keyring:
            tokens = self._tokens = VerifiedTokens(keyring)
        return tokens.read(token)

    def take(self, caller: Caller) -> None:
        """Count a request of a token.

        Raises:
            ProblemError: it makes too many.
        """
        bound = self.settings.service_rate_per_minute if caller.is_staff else self.settings.rate_per_minute
        if bound == 0:
            return
        if self._limiter is None:
            with self._lock:
                self._limiter = self._limiter or RateLimiter(self.settings.data_dir / "rate_limits")
        wait = self._limiter.take(caller.token_id, bound)
        if wait > 0:
            detail = f"this token may make {bound} requests a minute; try again after the seconds of Retry-After"
            raise ProblemError("rate-limited", detail, headers={"Retry-After": str(math.ceil(wait))})

    def is_revoked(self, caller: Caller) -> bool:
        """Whether the caller's token counts no more. Reads the store, for a student's each time: may block.

        Of others it is known as of a few seconds ago; a student who is erased is refused by every worker at once.
        """
        if caller.role is Role.STUDENT:
            with self.sessions() as session:
                return counts_no_more(session, caller, self.keyring)
        if time.monotonic() - self._revoked_at >= REVOCATION_SECONDS:
            with self.sessions() as session:
                self._revoked = frozenset(queries.revoked_tokens(session, at=datetime.now(UTC)))
                state = records.read_state(session, _MODEL_STATE)
            self._revoked_at = time.monotonic()
            self._follow(state)
        return caller.token_id in self._revoked

    def knows_revocation(self, caller: Caller) -> bool:
        """Whether `is_revoked` can answer from memory."""
        return caller.role is not Role.STUDENT and time.monotonic() - self._revoked_at < REVOCATION_SECONDS

    def readiness(self) -> dict[str, bool]:
        """Which of model and database can serve now."""
        try:
            with self.sessions() as session:
                ping(session)
            store = True
        except (ProblemError, SQLAlchemyError):
            store = False
        try:
            model = self.bundle is not None
        except BundleError:
            model = False
        return {"model": model, "store": store}
