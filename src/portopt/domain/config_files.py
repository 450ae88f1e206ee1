"""Where the data files of `config/` are: inside the installed package, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

from portopt.domain.errors import FileNotReadable

PACKAGED = Path(__file__).parents[1] / "_config"
CHECKOUT = Path(__file__).parents[3] / "config"


def config_file(name: str) -> Path:
    """The path of `config/NAME`. Raises FileNotReadable when the installation lacks it."""
    for root in (PACKAGED, CHECKOUT):
        if (root / name).is_file():
            return root / name
    raise FileNotReadable(
        f"this installation lacks its data file config/{name}",
        field=name,
        fixes=["reinstall: `pip install --force-reinstall portfolio-optimization-service`"],
    )


def prefect_file() -> Path:
    """The deployments, of the installed package or of a checkout. Raises FileNotReadable where they are missing."""
    beside = CHECKOUT.parent / "prefect.yaml"
    return beside if beside.is_file() and not (PACKAGED / beside.name).is_file() else config_file("prefect.yaml")
