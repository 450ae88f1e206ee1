"""What an answer shows of itself in a notebook and in a terminal: weights, trades, findings, each with a drawing or a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portopt.domain.certificate import Certificate
from portopt.domain.errors import MissingInput, PortoptError
from portopt.domain.run import RunRecord
from portopt.doors.notebook.saving import Makers, frame_makers, save
from portopt.doors.notebook.tables import as_html, as_text
from portopt.questions.weights import CertifiedWeights

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from portopt.doors.notebook.question import Question

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG that shows itself in a notebook."""

    svg: str

    def save(self, path: str | Path) -> Path:
        """Into a file.svg."""
        return save(path, {".svg": self.svg.encode})

    def _repr_svg_(self) -> str:
        return self.svg


class Weights(dict[str, float]):
    """Weights by asset id, fractions: a dict that also is a table, sorted as wanted."""

    def to_frame(self) -> pl.DataFrame:
        """A row an asset: asset, weight."""
        import polars as pl

        schema = {"asset": pl.String, "weight": pl.Float64}
        return pl.DataFrame({"asset": list(self), "weight": list(self.values())}, schema=schema)

    def to_pandas(self) -> Any:
        """A pandas Series with the assets for its index; pandas is imported here, and nowhere else."""
        from importlib import import_module

        return import_module("pandas").Series(dict(self), name="weight", dtype=float)

    def sorted(self) -> Weights:
        """The largest first, by size; equal ones by name."""
        return Weights(sorted(self.items(), key=lambda item: (-abs(item[1]), item[0])))

    def largest(self, count: int) -> Weights:
        return Weights(list(self.sorted().items())[:count])

    @property
    def held(self) -> Weights:
        """Without what is not held."""
        return Weights((asset, weight) for asset, weight in self.items() if weight != 0.0)

    def __str__(self) -> str:
        return as_text(partial(_print_weights, self))

    def __repr__(self) -> str:
        return f"Weights({ {asset: round(weight, 4) for asset, weight in self.items() if weight != 0.0} })"

    def _repr_html_(self) -> str:
        from portopt.reports.allocation import weights_table

        return weights_table(self)


def _print_weights(weights: Mapping[str, float], console: Console) -> None:
    from portopt.document.formats import percent
    from portopt.reports.columns import table

    table(console, ["Asset", "Weight"], [[asset, percent(weight)] for asset, weight in weights.items()])


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Certified weights. `weights` by asset id, fractions; annual figures; `certificate` is the audit's.

    question: what was asked; any other question may be asked of the same (`portopt.risk(allocation)`).
    """

    answer: CertifiedWeights
    question: Question | None = None

    @property
    def weights(self) -> Weights:
        ids = self.answer.problem.universe.ids
        return Weights(zip(ids, self.answer.validated.weights.tolist(), strict=True))

    @property
    def document(self) -> dict[str, Any]:
        """Every number of the answer, as `portopt optimize --json` prints it."""
        from portopt.dialects.strategy_answers import write_response

        return write_response(self.answer.request, self.answer)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read, and what had no effect."""
        return (*self.answer.request.notes, *self.answer.problem.notes)

    @property
    def certificate(self) -> Certificate:
        return self.answer.validated.certificate

    @property
    def expected_return(self) -> float:
        return float(self.answer.problem.moments.mu @ self.answer.validated.weights)

    @property
    def volatility(self) -> float:
        return self.answer.problem.moments.covariance.volatility(self.answer.validated.weights)

    @property
    def sharpe_ratio(self) -> float | None:
        excess = self.expected_return - self.answer.problem.risk_free_rate
        return excess / self.volatility if self.volatility > 0 else None

    def to_frame(self) -> pl.DataFrame:
        """A row an asset: asset, weight."""
        return self.weights.to_frame()

    def plot(self) -> Drawing:
        from portopt.reports.svg.drawings import shares_plot

        return Drawing(shares_plot("Weights", {"weight": self.weights.held.sorted()}, y_name="Weight"))

    def save(self, path: str | Path) -> Path:
        """Into a file, by its ending: .json the document, .csv, .parquet or .xlsx the weights, .svg the drawing."""
        return save(path, _makers(self.to_frame, self.document, self.plot))

    def __str__(self) -> str:
        from portopt.reports.answers import print_weights

        return as_text(partial(print_weights, self.document))

    def __repr__(self) -> str:
        held = {asset: round(w, 4) for asset, w in self.weights.items() if w != 0}
        gap = self.certificate.relative_gap
        return (
            f"Allocation(return {self.expected_return:.2%}, volatility {self.volatility:.2%}, "
            f"{self.certificate.verdict}, gap {gap:.1e}, {held})"
        )

    def _repr_html_(self) -> str:
        from portopt.reports.allocation import allocation_summary

        figures = {"Expected return": self.expected_return, "Volatility": self.volatility}
        return allocation_summary(self.weights, figures, self.sharpe_ratio, self.certificate)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The answers of many questions, in their order: each an Allocation, or the error that it was refused with."""

    answers: tuple[Allocation | PortoptError, ...]

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[Allocation | PortoptError]:
        return iter(self.answers)

    def __getitem__(self, position: int) -> Allocation | PortoptError:
        return self.answers[position]

    @property
    def document(self) -> list[dict[str, Any]]:
        """The document of each answer, the problem object of each refusal."""
        return [a.problem() if isinstance(a, PortoptError) else a.document for a in self.answers]

    def to_frame(self) -> pl.DataFrame:
        """A row a question: what came out, its annual figures, and a column of weights for each asset."""
        import polars as pl

        return pl.DataFrame([_row(answer) for answer in self.answers], infer_schema_length=None)

    def plot(self) -> Drawing:
        """The weights of each answer beside those of the others."""
        from portopt.reports.svg.drawings import shares_plot

        found = {str(k): a.weights for k, a in enumerate(self.answers, start=1) if isinstance(a, Allocation)}
        if not found:
            raise MissingInput("not one of these was answered: there is nothing to draw", field="batch")
        names = dict.fromkeys(asset for weights in found.values() for asset in weights.held)
        return Drawing(
            shares_plot("Weights", {k: {n: w.get(n, 0.0) for n in names} for k, w in found.items()}, y_name="Weight")
        )

    def save(self, path: str | Path) -> Path:
        """Into a file, by its ending: .json, .csv, .parquet, .xlsx, .svg."""
        return save(path, _makers(self.to_frame, self.document, self.plot))

    def __str__(self) -> str:
        from portopt.reports.answers import print_batch

        return as_text(partial(print_batch, self.document))

    def _repr_html_(self) -> str:
        from portopt.reports.answers import print_batch

        return as_html(partial(print_batch, self.document))


def _row(answer: Allocation | PortoptError) -> dict[str, Any]:
    names = ("refused", "expected_return", "volatility", "sharpe_ratio")
    if isinstance(answer, PortoptError):
        return dict.fromkeys(names) | {"refused": answer.detail}
    figures = (None, answer.expected_return, answer.volatility, answer.sharpe_ratio)
    return {**dict(zip(names, figures, strict=True)), **answer.weights}


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A stored rebalance: `trades` and `positions` as Polars frames, every number under `document`.

    report: the offline HTML report, None where it could not be written. home: where it is stored, None for the usual place.
    missing: a sentence for each file that was asked for and could not be written.
    """

    record: RunRecord
    report: Path | None = None
    home: Path | None = None
    missing: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        return self.record.document or {}

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def weights(self) -> Weights:
        """Of the book that is proposed, in whole shares."""
        return Weights((line["asset_id"], line["weight_after"]) for line in self.document["proposal"])

    @property
    def trades(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["trades"])

    @property
    def positions(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["proposal"])

    def to_frame(self) -> pl.DataFrame:
        """The trades, a row each."""
        return self.trades

    def plot(self) -> Drawing:
        """Weights now and proposed, side by side."""
        from portopt.reports.svg.drawings import shares_plot

        rows = [row for row in self.document["proposal"] if row["weight_before"] or row["weight_after"]]
        rows.sort(key=lambda row: -abs(row["weight_after"]))
        columns = {name: {r["asset_id"]: r[key] for r in rows} for name, key in NOW_AND_PROPOSED}
        return Drawing(shares_plot("Weights now and proposed", columns, y_name="Weight"))

    def save(self, path: str | Path) -> Path:
        """Into a file, by its ending: .html the report, .csv, .xlsx and .json the trades as `--output-dir` writes them."""
        from portopt.reports.files.exports import write_csv, write_json, write_xlsx
        from portopt.reports.page import write_report

        writers: dict[str, Callable[[Document, Path], Any]] = {
            ".csv": write_csv, ".xlsx": write_xlsx, ".json": write_json, ".html": write_report,
        }  # fmt: skip
        drawn: Makers = {".svg": lambda: self.plot().svg.encode()}
        write = writers.get(Path(path).suffix)
        if write is None:
            return save(path, drawn, known=(*writers, *drawn))
        write(self.document, Path(path))
        return Path(path)

    def __str__(self) -> str:
        from portopt.reports.terminal import print_rebalance

        report = None if self.report is None else str(self.report)
        return as_text(lambda console: print_rebalance(self.document, console, report_path=report))

    def __repr__(self) -> str:
        return f"Proposal({self.run_id}, {self.document['verdict']['title']})"

    def _repr_html_(self) -> str:
        from portopt.reports.notebook import html_summary

        return html_summary(dict(self.document))


NOW_AND_PROPOSED = (("now", "weight_before"), ("proposed", "weight_after"))


@dataclass(frozen=True, slots=True)
class Look:
    """How the answer to a question is seen, from its document alone.

    say: in a terminal. rows: of its table. draw: as SVG; None where it has no drawing.
    """

    say: Callable[[Document, Console], None]
    rows: Callable[[Document], Sequence[Mapping[str, Any]]]
    draw: Callable[[Document], str] | None = None


class Findings(dict[str, Any]):
    """What a question found, as plain data: a table, a drawing where there is one, and the command line's own words.

    question: what was asked; any other question may be asked of the same (`portopt.risk(frontier)`).
    """

    def __init__(self, document: Document, look: Look, question: Question | None = None) -> None:
        super().__init__(document)
        self.question = question
        self._look = look

    @property
    def document(self) -> dict[str, Any]:
        """Every number, as the command line's --json prints it."""
        return dict(self)

    @property
    def weights(self) -> Weights | None:
        """None where the answer is no one portfolio; `to_frame()` then has the weights of each."""
        return Weights(self["optimal_weights"]) if "optimal_weights" in self else None

    def to_frame(self) -> pl.DataFrame:
        """Its rows as a Polars frame."""
        import polars as pl

        return pl.DataFrame(list(self._look.rows(self)), infer_schema_length=None)

    def plot(self) -> Drawing:
        """Raises MissingInput where there is no drawing of this."""
        if self._look.draw is None:
            raise MissingInput("there is no drawing of this; `to_frame()` has its numbers", field="plot")
        return Drawing(self._look.draw(self))

    def save(self, path: str | Path) -> Path:
        """Into a file, by its ending: .json the document, .csv, .parquet or .xlsx the table, .svg the drawing."""
        makers = _makers(self.to_frame, self.document, self.plot)
        return save(path, makers if self._look.draw else {k: v for k, v in makers.items() if k != ".svg"})

    def __str__(self) -> str:
        return as_text(partial(self._look.say, self))

    def _repr_html_(self) -> str:
        """The drawing, where there is one, above the command line's words: of several displays a notebook shows one."""
        return f"<div>{self._repr_svg_() or ''}</div>{as_html(partial(self._look.say, self))}"

    def _repr_svg_(self) -> str | None:
        """None where there is no drawing; one that cannot be made takes no answer away."""
        from portopt.analysis import Attempts

        draw = self._look.draw
        return None if draw is None else Attempts().attempt("the drawing", lambda: draw(self))

    def __reduce__(self) -> Any:
        """As plain data, to another process."""
        return dict, (dict(self),)


def _makers(frame: Callable[[], pl.DataFrame], document: Any, plot: Callable[[], Drawing]) -> Makers:
    from portopt.domain.canonical import plain
    from portopt.reports.files.exports import json_text

    return {**frame_makers(frame), ".json": lambda: json_text(plain(document)).encode(), ".svg": lambda: plot().svg.encode()}
