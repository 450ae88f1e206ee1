"""Correlations as colours."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from portopt.reports.svg.heat_map import heat_map
from portopt.reports.svg.plots import COLOURS

SVG = "{http://www.w3.org/2000/svg}"


def test_every_pair_is_a_cell_with_its_number_and_sign() -> None:
    root = ElementTree.fromstring(heat_map("Two & two", ["A", "B"], [[1.0, -0.25], [-0.25, 1.0]]))
    cells = [cell for cell in root.iter(f"{SVG}rect") if cell.get("fill-opacity")]
    assert [(cell.get("fill"), cell.get("fill-opacity")) for cell in cells[:2]] == [(COLOURS[0], "1.00"), (COLOURS[1], "0.25")]
    assert len(cells) == 4
    assert cells[1].findtext(f"{SVG}title") == "A, B: -0.25"


@pytest.mark.parametrize("values", [[], [[1.0, 0.0]], [[1.0], [0.0]]])
def test_values_that_are_no_square_of_the_labels_are_refused(values: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="as many rows and columns as labels"):
        heat_map("No square", ["A", "B"], values)
