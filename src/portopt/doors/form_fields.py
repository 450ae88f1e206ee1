"""Fields of a run form as a person meets them: in order, described, with a box where one is enough."""

from __future__ import annotations

from typing import Any

from pydantic import Field


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
