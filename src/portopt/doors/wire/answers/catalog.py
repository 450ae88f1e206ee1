"""What may be asked for, by name: objectives, limits, costs and risk measures."""

from __future__ import annotations

from portopt.document.catalog import catalog_document, catalog_line_document
from portopt.doors.wire.asked import Answered, Asked
from portopt.questions import catalog


def listed(asked: Asked) -> Answered:
    asked.only()
    name = asked.call.place["catalog"]
    return Answered(catalog_document(name, catalog.catalog(name)))


def get(asked: Asked) -> Answered:
    asked.only()
    place = asked.call.place
    return Answered(catalog_line_document(catalog.catalog_line(place["catalog"], place["name"])))
