"""What may be asked for, by name, in a notebook."""

from __future__ import annotations

from portopt.doors.notebook.displays import Findings, Look


def catalog(of: str = "limits", name: str | None = None) -> Findings:
    """Every name of a catalog with its unit and an example, or all of one.

    Args:
        of: "objectives", "limits", "costs" or "measures". name: one of them, by any name that people have for it.
    """
    # Imported here: it reads every term there is, and a first answer has no time for that.
    from portopt.document.catalog import catalog_document, catalog_line_document
    from portopt.questions import catalog as asked
    from portopt.reports.catalog import catalog_rows, print_catalog

    if name is None:
        document = catalog_document(of, asked.catalog(of))
    else:
        document = catalog_line_document(asked.catalog_line(of, name))
    return Findings(document, Look(print_catalog, catalog_rows))
