"""What the questions find, in a terminal and in a notebook, each from its document alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portopt.document.formats import decimal, measure, percent, scientific
from portopt.document.prices import amount_in_words, left_to_draw, step_in_words, worth_in_words
from portopt.reports import first_lines
from portopt.reports.columns import print_held, table

if TYPE_CHECKING:
    from rich.console import Console


def print_weights(response: Mapping[str, Any], console: Console) -> None:
    """Weights, figures, what binds and the certificate, in a few lines."""
    table(console, [_of(response), "Weight"], [[name, percent(weight)] for name, weight in response["optimal_weights"].items()])
    sharpe = response["sharpe_ratio"]
    figures = f"expected return {percent(response['expected_return'])} · volatility {percent(response['expected_volatility'])}"
    console.print(f"{figures} · Sharpe ratio {'not defined' if sharpe is None else f'{sharpe:.3f}'}", markup=False)
    ours = response["portopt"]
    for price in ours["binding_limits"]:
        name = f"{price['limit']} {price['member']}".strip()
        step = step_in_words(price["step"], price["unit"])
        worth = worth_in_words(price).replace("≤", "at most")
        stands = measure(price["bound"], price["unit"])
        console.print(f"binding: {name} at {stands}, worth {worth} for {step} more", markup=False)
    for note in ours["notes"]:
        console.print(f"note: {note}", style="dim", markup=False)
    paper = ours["certificate"]
    residuals = f"worst violation {scientific(paper['worst_violation'])}, relative gap {scientific(paper['relative_gap'])}"
    console.print(f"{paper['verdict']}: {residuals}", markup=False)


def print_batch(documents: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Every answer in turn; of a refusal, why."""
    for document in documents:
        if "code" in document:
            console.print(f"refused: {document['detail']}", markup=False)
        else:
            console.print(document["portfolio_id"], style="bold", markup=False)
            print_weights(document, console)
    refused = sum("code" in document for document in documents)
    console.print(f"{len(documents) - refused} answered, {refused} refused", markup=False)


def print_compromises(document: Mapping[str, Any], console: Console) -> None:
    """Every point with its amounts and rates of exchange, then where the current book stands."""
    console.print(first_lines.of_compromises(document), markup=False)
    axes, primary = document["axes"], document["axes"][0]
    rows = [
        [str(k + 1), *(_amount(a, p["amounts"][a]) for a in axes), *(f"{p['rates'][a]:.4g}" for a in axes[1:])]
        for k, p in enumerate(document["points"])
    ]
    table(console, ["", *axes, *(f"{primary} per {a}" for a in axes[1:])], rows)
    current = document["current"]
    if current is not None:
        standing = ", ".join(f"{a} {_amount(a, current['amounts'][a])}" for a in axes)
        console.print(f"the current book: {standing}", markup=False)
        if current["dominating"] is not None:
            gains = ", ".join(f"{a} {_amount(a, gain)}" for a, gain in current["improvement"].items())
            console.print(f"what is at least as good on every axis gains: {gains}", markup=False)
    console.print(f"{len(document['points'])} portfolios, none better than another on every axis", markup=False)
    if document["not_found"]:
        console.print(f"{document['not_found']} more were asked for and not found", markup=False, style="yellow")
    if document["without"]:
        console.print(left_to_draw(document["without"]), markup=False, style="yellow")


def print_stages(document: Mapping[str, Any], console: Console) -> None:
    """What each axis had at best and was kept to, then the weights."""
    for k, stage in enumerate(document["stages"], start=1):
        best, bound = _amount(stage["axis"], stage["best"]), _amount(stage["axis"], stage["bound"])
        console.print(f"{k}. {stage['axis']}: {best} at best, kept to {bound}", markup=False)
    console.print(f"{len(document['stages']) + 1}. {document['order'][-1]}: the best of what is left", markup=False)
    print_held(document["optimal_weights"], console, _of(document))


def _of(document: Mapping[str, Any]) -> str:
    """What the weights are of, by the words of what was asked: a book holds assets, S1's request strategies."""
    return "Asset" if "pricing_pack_id" in document else "Strategy"


def _amount(axis: str, value: float | None) -> str:
    return decimal(value) if axis == "esg" else percent(value)


def print_moves(document: Mapping[str, Any], console: Console) -> None:
    """By risk aversion and every binding limit: what it is worth, how far that holds, what moves."""
    console.print(first_lines.of_moves(document), markup=False)
    rows = []
    for d in [*([document["to_risk_aversion"]] if document["to_risk_aversion"] else []), *document["to_limits"]]:
        name = f"{d['limit']} {d['member']}".strip() or d["parameter"].replace("_", " ")
        most = sorted(d["weights"].items(), key=lambda item: -abs(item[1]))[:3]
        worth = "" if d["worth_per_unit"] is None else amount_in_words(d["worth_per_unit"], d["worth_unit"])
        reach = f"{_reach(d['down'])} … {_reach(d['up'])}"
        rows.append([name, worth, reach, ", ".join(f"{a} {slope:+.3f}" for a, slope in most)])
    table(console, ["Per unit of", "worth at the margin", "holds down … up", "moves most"], rows)
    for spot in document["degenerate"]:
        console.print(f"note: {spot}", markup=False, style="dim")
    if document["is_unique"] is False:
        console.print("note: other weights are as good", style="dim")
    if document["whole_numbers_stay"]:
        console.print("note: beside the whole numbers that the answer has; they open in steps", style="dim")
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")


def _reach(distance: float | None) -> str:
    return "∞" if distance is None else f"{distance:.4g}"


def print_risk(document: Mapping[str, Any], console: Console) -> None:
    """Every measure by book, then one measure of the optimal book by source."""
    console.print(first_lines.of_risk(document), markup=False)
    books = list(document["figures"][0]["value"]) if document["figures"] else []
    rows = [[f["name"], *(percent(f["value"][book]) for book in books)] for f in document["figures"]]
    table(console, ["In-sample, from the history used", *books], rows)
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")
    taken_apart = document["decomposition"].get("optimal")
    if taken_apart is None:
        return
    console.print(
        f"{taken_apart['measure']} of the optimal portfolio, {percent(taken_apart['total'])}, by source:", markup=False
    )
    lines = []
    for part in taken_apart["parts"]:
        if part["exposure"] is None or abs(part["exposure"]) > 1e-9:
            marginal = "" if part["marginal"] is None else decimal(part["marginal"], 4)
            exposure = "" if part["exposure"] is None else decimal(part["exposure"], 4)
            lines.append(
                [f"{part['of']} {part['name']}", exposure, marginal, percent(part["component"]), percent(part["share"])]
            )
    table(console, ["", "Exposure", "Marginal", "Component", "Share"], lines)


def print_views(document: Mapping[str, Any], console: Console) -> None:
    """Expected returns and volatilities before and after, then the views."""
    console.print(first_lines.of_views(document), markup=False)
    keys = ("expected_return_before", "expected_return_after", "volatility_before", "volatility_after")
    rows = [[row["asset_id"], *(percent(row[key]) for key in keys)] for row in document["beliefs"]]
    table(console, ["", "Return before", "after", "Volatility before", "after"], rows)
    for view in document.get("views", []):
        said = {name: percent(v) if isinstance(v, float) and name != "confidence" else v for name, v in view.items()}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items() if view[name] is not None)
        console.print(told, markup=False)


def print_periods(document: Mapping[str, Any], console: Console) -> None:
    """A column a period, then the plan's certificate."""
    rows = document["periods"]
    held = [a for a in rows[0]["weights"] if any(abs(row["weights"][a]) > 1e-9 for row in rows)]
    lines = [[a, *(percent(row["weights"][a]) for row in rows)] for a in held]
    for name, key in (("Turnover", "turnover"), ("Expected return", "expected_return"), ("Volatility", "volatility")):
        lines.append([name, *(percent(row[key]) for row in rows)])
    console.print(document["objective"], markup=False)
    table(console, ["", *(f"period {row['period']}" for row in rows)], lines)
    paper = document["certificate"]
    console.print(f"{paper['verdict']}: relative gap {paper['relative_gap']:.1e}", markup=False)


def print_factors(document: Mapping[str, Any], console: Console) -> None:
    """Exposures with their errors, then risk and return by factor."""
    console.print(first_lines.of_factors(document), markup=False)
    rows = []
    for line in document["exposures"]:
        keys = ("exposure", "standard_error", "t_statistic", "benchmark_exposure", "active_exposure")
        rows.append([line["factor"], *(decimal(line[key], 3) for key in keys)])
    table(console, ["Factor", "Exposure", "std. error", "t", "Benchmark", "Active"], rows)
    returns = {line["factor"]: line for line in document["return_attribution"]}
    lines = []
    for line in document["attribution"]:
        earned = returns.get(line["factor"], {}).get("contribution")
        lines.append([line["factor"], percent(line["contribution"]), percent(line["percent_contribution"]), percent(earned)])
    table(console, ["", "Of the volatility", "Share", "Of the mean return"], lines)
    said = f"volatility {percent(document['volatility'])}, systematic {percent(document['systematic_volatility'])}"
    console.print(f"{said}, R² {decimal(document['r_squared'], 3)}; {document['method']}", markup=False)
    for note in document["notes"]:
        console.print(f"note: {note}", style="dim", markup=False)


def print_forecasts(document: Mapping[str, Any], console: Console) -> None:
    """Scores of covariances and of means, then what could not be fitted."""
    console.print(first_lines.of_forecasts(document), markup=False)
    rows = []
    for score in document["covariance"]:
        better = score["difference"]
        p = "" if better is None else decimal(better["p_value"], 3)
        shares = [decimal(score["qlike"], 4), p, decimal(score["calibration"], 3), percent(score["coverage_90"], 1)]
        rows.append([score["name"], *shares, decimal(score["bias_statistic"], 3), percent(score["min_variance_volatility"])])
    heads = ["Covariance", "QLIKE", "p against first", "Calibration", "In 90 %", "Bias", "Min. variance realized"]
    table(console, heads, rows)
    lines = []
    for score in document["expected_returns"]:
        p = "" if score["difference"] is None else decimal(score["difference"]["p_value"], 3)
        lines.append([score["name"], percent(score["root_mean_square_error"]), p, decimal(score["rank_correlation"], 3)])
    table(console, ["Expected returns", "Error a year", "p against first", "Rank correlation"], lines)
    for one in document["unfitted"]:
        console.print(f"{one['name']} could not be fitted: {one['reason']}", markup=False)
    said = f"{document['windows']} windows of {document['window']} returns, each held against the next {document['step']}"
    console.print(f"{said}; QLIKE: less is better; calibration and bias: 1 is right", markup=False)
