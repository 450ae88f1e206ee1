"""A choice of weights as a short HTML table, for a notebook's output cell."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from portopt.document.formats import percent, scientific
from portopt.domain.certificate import Certificate

CELL = "text-align:right;padding:2px 12px 2px 0;font-variant-numeric:tabular-nums"


def allocation_summary(
    weights: Mapping[str, float], figures: Mapping[str, float], sharpe_ratio: float | None, certificate: Certificate
) -> str:
    """Weights with bars, the annual figures, the certificate's verdict; inline styles only, everything escaped."""
    said = [f"{name} {percent(value)}" for name, value in figures.items()]
    if sharpe_ratio is not None:
        said.append(f"Sharpe ratio {sharpe_ratio:.2f}")
    verdict = f"{certificate.verdict}: relative gap {scientific(certificate.relative_gap)}"
    return f"<div><p><strong>{' · '.join(said)}</strong></p>{weights_table(weights)}<p><small>{verdict}</small></p></div>"


def weights_table(weights: Mapping[str, float]) -> str:
    """What is held, the largest first, each with a bar."""
    largest = max((abs(w) for w in weights.values()), default=1.0) or 1.0
    rows = "".join(_row(asset, w, largest) for asset, w in sorted(weights.items(), key=lambda item: -item[1]) if w != 0)
    return f"<table>{rows}</table>"


def _row(asset: str, w: float, largest: float) -> str:
    bar = f'<div style="background:currentColor;opacity:.35;height:.7em;width:{120 * abs(w) / largest:.0f}px"></div>'
    return f'<tr><td style="text-align:left">{escape(asset)}</td><td style="{CELL}">{percent(w)}</td><td>{bar}</td></tr>'
