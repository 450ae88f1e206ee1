"""Fields of a run form as a person meets them: in order, described, with a box where one is enough."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

ShippedPolicy = Literal["quality_focused", "aggressive_growth", "conservative_income"]
LONGEST_NAME, LONGEST_PATH, LONGEST_TEXT, LONGEST_ID, LONGEST_AMOUNT = 100, 1024, 100_000, 64, 40


def field(position: int, default: Any, title: str, description: str, *choices: dict[str, Any], **more: Any) -> Any:
    """A field of the form; its words are plain, since one of Prefect's two interfaces shows Markdown as it is written.

    choices: what the form offers instead of one box to type in, each with a title.
    """

    def form(schema: dict[str, Any]) -> None:
        # PostgreSQL re-orders nested fields; `position` is what the form sorts by.
        schema["position"] = position
        if choices:
            kind = {key: schema.pop(key) for key in ("type", "maxLength")}
            schema.pop("pattern", None)
            schema["anyOf"] = [kind | choice for choice in choices]

    return Field(default, title=title, description=description, json_schema_extra=form, **more)


def optional(position: int, title: str, description: str, **more: Any) -> Any:
    """A field that may stay empty: a plain box in the form, not a switch between a type and `None`.

    The server lets a null pass where the schema has a type and no default, and the form sends null for an empty box.
    """

    def form(schema: dict[str, Any]) -> None:
        (filled,) = (kind for kind in schema.pop("anyOf") if kind["type"] != "null")
        schema.pop("default", None)
        schema.update(filled, position=position)

    return Field(None, title=title, description=description, json_schema_extra=form, **more)


def portfolio(position: int) -> Any:
    return field(
        position, "sample", "Portfolio", "The portfolio's id, under which the run is kept. sample is the demonstration book.",
        min_length=1, max_length=LONGEST_NAME,
    )  # fmt: skip


def policy(position: int, description: str) -> Any:
    return field(position, "quality_focused", "Policy", description)


def own_policy(position: int) -> Any:
    return optional(
        position, "Policy of your own", "Id of a policy kept in the store. Empty: the one chosen above.", max_length=LONGEST_ID
    )


def file_of(position: int, title: str, description: str) -> Any:
    """A file that may be named, where the worker can read it."""
    return optional(position, title, description, max_length=LONGEST_PATH)


def assets(position: int, title: str) -> Any:
    """Assets and groups that may be named."""
    words = "Assets and groups, with commas between: AAPL, sector:Energy, class:Bond. Empty: none."
    return optional(position, title, words, max_length=LONGEST_TEXT)


def changes(position: int, example: str) -> Any:
    words = f"Values by path, in JSON: {example}. Empty: none."
    return optional(position, "Changes to the policy", words, max_length=LONGEST_TEXT)


def job(position: int, brings: str) -> Any:
    """brings: what the job has with it, in place of all the fields."""
    words = f"Id of a job asked for over the service: it brings its own {brings}, and no other field counts. Empty: none."
    return optional(position, "Job", words, max_length=LONGEST_ID)
