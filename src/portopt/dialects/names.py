"""One table of names: what S1, S2 and S4 call the limits of our catalog, and errors told in the user's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from portopt.dialects.reading import shown
from portopt.domain.errors import PortoptError, RequestError

MAX_SENTENCE = 1_000
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*[A-Za-z0-9_]")

# S1 OptimizationConstraints, then our documented additions to it: the catalog's other limits.
S1_LIMITS: Mapping[str, str] = {
    "max_weight": "max_weight",
    "min_weight": "min_weight",
    "sector_limits": "sector_limits",
    "turnover_limit": "max_turnover",
    "leverage_limit": "leverage_limit",
    "asset_class_limits": "asset_class_limits",
    "max_tracking_error": "max_tracking_error",
    "max_volatility": "max_volatility",
    "target_volatility": "max_volatility",
    "min_return": "min_return",
    "target_return": "min_return",
    "min_quality": "min_quality",
    "cash": "cash",
    "fully_invested": "fully_invested",
}

# S2 OptimizationConstraints (POST /optimizations, proto). min_position_size is "zero or at least".
S2_LIMITS: Mapping[str, str] = {
    "max_position_size": "max_weight",
    "max_weights": "max_weight",
    "min_weights": "min_weight",
    "max_sector_exposure": "sector_limits",
    "max_asset_class_exposure": "asset_class_limits",
    "max_turnover": "max_turnover",
    "target_volatility": "max_volatility",
    "min_position_size": "min_position",
    "max_trades": "max_trades",
}

# S4 OptimizationPolicy. The suffix lies there: the values are fractions.
S4_LIMITS: Mapping[str, str] = {
    "min_quality_score": "min_quality",
    "max_single_position_pct": "max_weight",
    "max_sector_pct": "sector_limits",
    "max_tracking_error_pct": "max_tracking_error",
    "max_turnover_pct": "max_turnover",
}


@contextmanager
def in_users_words(names: Mapping[str, str], vocabulary: Mapping[str, str] | None = None) -> Iterator[None]:
    """Errors raised inside speak of `names[ours]` where they would speak of our field. The longest name wins.

    vocabulary: values by another dialect's name for them, replaced wherever they stand as a word.
    """
    try:
        yield
    except RequestError as error:
        said = renamed(error, names)
        if vocabulary:
            said.detail = in_vocabulary(said.detail, vocabulary)
            said.fixes = tuple(in_vocabulary(fix, vocabulary) for fix in said.fixes)
            said.value = in_vocabulary(said.value, vocabulary) if isinstance(said.value, str) else said.value
            said.args = (said.detail,)
        raise said from None


def in_vocabulary(sentence: str, vocabulary: Mapping[str, str]) -> str:
    """The sentence with every word of one dialect in another's: MAX_SHARPE becomes maximize_sharpe.

    >>> in_vocabulary("MAX_RETURN, not MAX_RETURNS", {"MAX_RETURN": "maximize_return"})
    'maximize_return, not MAX_RETURNS'
    """
    return WORD.sub(lambda found: vocabulary.get(found.group(), found.group()), sentence)


def in_s1_words() -> AbstractContextManager[None]:
    """The same for what is raised while a request of S1 is worked on: our places become the document's."""
    limits = {f"limits.{ours}": f"constraints.{theirs}" for theirs, ours in reversed(tuple(S1_LIMITS.items()))}
    places = {"limits": "constraints", "estimation.views": "risk_parameters.views", "estimation": "risk_parameters.estimator"}
    return in_users_words({**places, **limits})


def in_s2_words() -> AbstractContextManager[None]:
    """The same while a request of S2 is worked on."""
    limits = {f"limits.{ours}": f"constraints.{theirs}" for theirs, ours in reversed(tuple(S2_LIMITS.items()))}
    return in_users_words({"limits": "constraints", "estimation.views": "preferences.views", **limits})


def renamed(error: PortoptError, names: Mapping[str, str]) -> PortoptError:
    """The same error with its field, its sentence and its fixes in the user's names."""
    asked = error.field or ""
    for ours in sorted(names, key=len, reverse=True):
        if asked == ours or asked.startswith((f"{ours}.", f"{ours}[")):
            theirs = names[ours]
            error.field = theirs + asked[len(ours) :]
            error.value = shown(error.value)
            error.detail = error.detail.replace(asked, error.field)[:MAX_SENTENCE]
            error.fixes = tuple(fix.replace(asked, error.field) for fix in error.fixes)
            error.args = (error.detail,)
            break
    return error
