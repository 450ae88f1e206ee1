"""Policies: which there are, what one says, how it came to say that, and one that is changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.asking import Refused
from portopt.doors.console.pages.policy_form import draft_of, fields_of
from portopt.doors.console.seen import Page, Redirect, Seen

PREVIEWED = ("5", "10", "20")


async def policies(seen: Seen) -> Page:
    found = await seen.asking.of("list_policies", asked=asked_for(seen, ()))
    return Page("policies.html", {"policies": found["policies"], "next": next_page(seen, found["next_cursor"])})


async def policy(seen: Seen) -> Page:
    """The version that counts, or the one that the address names."""
    found = await _versions(seen)
    wanted = seen.query.get("version", "")
    version = next((one for one in found if one["method_version"] == wanted), found[0])
    return Page("policy.html", {"versions": found, "version": version, "counts": version is found[0]})


async def edit(seen: Seen) -> Page:
    stands = (await _versions(seen))[0]["policy"]
    return await _form(seen, stands, fields_of(stands, seen.reader, next_version(stands["method_version"])))


async def change(seen: Seen) -> Page | Redirect:
    """The draft checked and tried on the last proposals, or kept: as the button says that was pressed."""
    found = await _versions(seen)
    stands, policy_id = found[0]["policy"], seen.place["policy_id"]
    fields = {name: value for name, value in seen.form.items() if name not in ("csrf", "key", "do", "last")}
    place = {"policy_id": policy_id}
    try:
        draft = draft_of(fields, stands, seen.reader)
        if seen.form.get("do") == "keep":
            _require_new(draft, [one["policy"] for one in found])
            await seen.asking.of("put_policy", place, body=draft, key=seen.form.get("key") or None)
            return Redirect(f"/console/policies/{quote(policy_id)}", said="kept")
        last = seen.form.get("last", PREVIEWED[0])
        body = {"policy": draft, "last": int(last) if last in PREVIEWED else 5}
        preview = await seen.asking.of("policy_preview", place, body=body)
    except Refused as refused:
        if seen.is_part:
            raise
        return await _form(seen, stands, fields, refused=refused.problem)
    if seen.is_part:
        return Page("policy_preview.html", {"preview": preview})
    return await _form(seen, stands, fields, preview=preview)


def _require_new(draft: Mapping[str, Any], kept: list[Mapping[str, Any]]) -> None:
    """Raises Refused for a version that is there already and says something else: what proposals rest on stays as it was."""
    same = next((one for one in kept if one["method_version"] == draft["method_version"]), None)
    if same is not None and same != {**draft, "id": same["id"]}:
        raise Refused(409, {
            "title": "This version is there already", "status": 409,
            "detail": f"{draft['method_version']} was kept before, and proposals may rest on it",
            "fixes": [f"name it {next_version(draft['method_version'])}"],
        })  # fmt: skip


def next_version(version: str) -> str:
    """
    >>> next_version("v2"), next_version("v1.9"), next_version("spring")
    ('v3', 'v1.10', 'spring.2')
    """
    head = version.rstrip("0123456789")
    tail = version[len(head) :]
    return f"{head}{int(tail) + 1}" if tail else f"{version}.2"


async def _versions(seen: Seen) -> list[dict[str, Any]]:
    found = await seen.asking.of("list_policy_versions", {"policy_id": seen.place["policy_id"]})
    versions: list[dict[str, Any]] = found["versions"]
    return versions


async def _form(seen: Seen, stands: Mapping[str, Any], fields: Mapping[str, str], **told: Any) -> Page:
    limits = await seen.asking.of("list_terms", {"catalog": "limits"})
    given = {"stands": stands, "fields": fields, "catalog": limits["terms"], "key": secrets.token_urlsafe(16)}
    refused = told.get("refused")
    about = {"refused": refused, "preview": told.get("preview"), "all_last": PREVIEWED, "last": seen.form.get("last", "5")}
    return Page("policy_edit.html", {**given, **about}, 200 if refused is None else refused["status"])
