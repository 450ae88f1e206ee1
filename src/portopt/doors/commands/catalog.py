"""What may be asked for, by name: objectives, limits, costs and risk measures."""

from __future__ import annotations

from typing import Annotated

import typer

from portopt.doors.commands.surface import Json, Shown

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, in full; else all, a line each.")]


def objectives(name: Name = None, as_json: Json = False) -> Shown:
    """What may be wanted: every objective with an example, or all of one."""
    return _shown("objectives", name)


def limits(name: Name = None, as_json: Json = False) -> Shown:
    """What may be forbidden: every limit with its unit and an example, or all of one."""
    return _shown("limits", name)


def costs(name: Name = None, as_json: Json = False) -> Shown:
    """What trading may cost: every cost model with its unit and an example, or all of one."""
    return _shown("costs", name)


def measures(name: Name = None, as_json: Json = False) -> Shown:
    """What risk may mean: every risk measure with its options, or all of one."""
    return _shown("measures", name)


def _shown(catalog_name: str, name: str | None) -> Shown:
    from portopt.document.catalog import catalog_document, catalog_line_document
    from portopt.questions.catalog import catalog, catalog_line
    from portopt.reports.catalog import print_catalog

    if name is None:
        document = catalog_document(catalog_name, catalog(catalog_name))
    else:
        document = catalog_line_document(catalog_line(catalog_name, name))
    return Shown(document, lambda console: print_catalog(document, console))
