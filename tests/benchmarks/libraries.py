"""Ours and the peer libraries, each called as its own documentation says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from markets import RISK_FREE, SECTORS, Job, Market

Answer = Callable[[], np.ndarray]


def portopt(job: Job, m: Market, factors: bool, *, certified: bool = False) -> Answer | str:
    """`optimize` from a Problem to weights; with `certified` the audit signs them too."""
    from portopt.audit import certify
    from portopt.domain.moments import Covariance, Moments
    from portopt.domain.problem import Problem
    from portopt.domain.universe import Asset, Universe
    from portopt.optimization import assemble, optimize
    from portopt.terms.catalog import parse_limits, parse_objective

    universe = Universe(tuple(Asset(f"A{i:05d}", sector=f"S{s}") for i, s in enumerate(m.sector)))
    covariance = Covariance(F=m.F, Omega=m.Omega, D=m.D) if factors else Covariance(Sigma=m.Sigma)
    limits = {"budget": True, "long_only": True, "max_weight": job.cap, "sector_limits": job.sector_cap}
    limits |= {"max_tracking_error": job.te, "max_turnover": job.turnover}
    objective = {"kind": job.kind, **({"risk_aversion": job.gamma} if job.kind == "utility" else {})}
    moments = Moments(universe, m.mu, covariance)

    def answer() -> np.ndarray:
        problem = Problem(
            moments,
            parse_objective(objective),
            parse_limits(limits),
            w_prev=m.w_prev,
            benchmark=m.benchmark,
            risk_free_rate=RISK_FREE,
        )
        form = assemble(problem)
        solution = optimize(problem, form=form)
        if certified:
            return certify(problem, form, solution).weights
        if solution.weights is None:
            raise RuntimeError(solution.status.value)
        return solution.weights

    return answer


def cvxpy(job: Job, m: Market, factors: bool) -> Answer | str:
    """The same program in cvxpy's factor form, solved by Clarabel as it comes."""
    import cvxpy as cp

    def answer() -> np.ndarray:
        G, root_D = m.F @ np.linalg.cholesky(m.Omega), np.sqrt(m.D)
        x, kappa = cp.Variable(m.n), cp.Variable(nonneg=True) if job.kind == "max_sharpe" else 1.0
        y = cp.Variable(G.shape[1])
        risk = cp.sum_squares(y) + cp.sum_squares(cp.multiply(root_D, x))
        held = [y == G.T @ x, cp.sum(x) == kappa, x >= 0, x <= job.cap * kappa, m.S @ x <= job.sector_cap * kappa]
        if job.kind == "max_sharpe":
            held.append((m.mu - RISK_FREE) @ x == 1)
        if job.te is not None:
            active = cp.hstack([y - G.T @ m.benchmark, cp.multiply(root_D, x - m.benchmark)])
            held.append(cp.norm(active) <= job.te)
        if job.turnover is not None:
            held.append(cp.norm1(x - m.w_prev) <= 2 * job.turnover)
        wanted = 0.5 * job.gamma * risk - m.mu @ x if job.kind == "utility" else risk
        cp.Problem(cp.Minimize(wanted), held).solve(solver=cp.CLARABEL)
        return np.array(x.value) / (kappa.value if job.kind == "max_sharpe" else 1.0)

    return answer


def pyportfolioopt(job: Job, m: Market, factors: bool) -> Answer | str:
    """EfficientFrontier with sector mapper; the cone and the turnover as its custom constraints."""
    import cvxpy as cp
    from pypfopt import EfficientFrontier

    mapper = {i: f"S{s}" for i, s in enumerate(m.sector)}
    upper = {f"S{s}": job.sector_cap for s in range(SECTORS)}

    def answer() -> np.ndarray:
        frontier = EfficientFrontier(m.mu, m.Sigma, weight_bounds=(0, job.cap))
        frontier.add_sector_constraints(mapper, {}, upper)
        if job.te is not None:
            covariance = cp.psd_wrap(m.Sigma)
            frontier.add_constraint(lambda w: cp.quad_form(w - m.benchmark, covariance) <= job.te**2)
        if job.turnover is not None:
            frontier.add_constraint(lambda w: cp.norm1(w - m.w_prev) <= 2 * job.turnover)
        if job.kind == "min_risk":
            frontier.min_volatility()
        elif job.kind == "max_sharpe":
            frontier.max_sharpe(risk_free_rate=RISK_FREE)
        else:
            frontier.max_quadratic_utility(risk_aversion=job.gamma)
        return np.array(frontier.weights)

    return answer


def given_moments(m: Market) -> object:
    """skfolio's prior that hands over the market's own moments."""
    from skfolio.prior import BasePrior, ReturnDistribution
    from sklearn.utils.metadata_routing import MetadataRouter

    class Given(BasePrior):
        def __init__(self):
            pass

        def fit(self, X, y=None, **_):  # the library's own names
            self.return_distribution_ = ReturnDistribution(mu=m.mu, covariance=m.Sigma, returns=np.asarray(X))
            return self

        def get_metadata_routing(self):
            return MetadataRouter(owner=type(self).__name__)

    return Given()


def skfolio(job: Job, m: Market, factors: bool) -> Answer | str:
    """MeanRisk on given moments, through a prior that hands them over."""
    if job.te is not None:
        return "tracking error is taken from scenarios there"
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    wanted = {
        "min_risk": ObjectiveFunction.MINIMIZE_RISK,
        "utility": ObjectiveFunction.MAXIMIZE_UTILITY,
        "max_sharpe": ObjectiveFunction.MAXIMIZE_RATIO,
    }[job.kind]
    X = np.random.default_rng(0).normal(0.0, 0.01, (3, m.n))  # asked for, and not looked at

    def answer() -> np.ndarray:
        model = MeanRisk(
            objective_function=wanted,
            risk_measure=RiskMeasure.VARIANCE,
            risk_aversion=job.gamma / 2,  # its utility takes the whole variance
            prior_estimator=given_moments(m),
            max_weights=job.cap,
            left_inequality=m.S,
            right_inequality=np.full(len(m.S), job.sector_cap),
            risk_free_rate=RISK_FREE,
        )
        return np.asarray(model.fit(X).weights_)

    return answer
