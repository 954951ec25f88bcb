"""Behind CVXPY: its own standard programs, recognition, strong duality in the running version's
convention, honest statuses."""

import inspect

import numpy as np
import pytest

cp = pytest.importorskip("cvxpy")
import isac.cvxpy  # noqa: E402
from cvxpy.tests import solver_test_helpers as standard  # noqa: E402
from isac import _isac  # noqa: E402

SOLVER = isac.cvxpy.ISAC()
RNG = np.random.default_rng(11)
PROGRAMS = [
    pytest.param(function, id=name)
    for kind in ("LPs", "SOCPs", "SDPs", "InfeasibleProblems")
    for group in [getattr(standard, f"StandardTest{kind}", None)]
    if group is not None
    for name, function in inspect.getmembers(group, inspect.isfunction)
    # Integers are another field; bounds arrive as rows, which `lp_bound_attr` forbids.
    if name.startswith("test_") and "mi_" not in name and name != "test_lp_bound_attr"
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_standard_program(program):
    if program.__name__ == "test_lp_7":
        pytest.importorskip("sdpap")
    program(solver=SOLVER)


def complex_normal(*shape):
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)) / np.sqrt(2)


def quality_of_service(h, gamma, noise=1.0):
    """Least power under SINR targets, relaxed."""
    n, k = h.shape
    covariances = [cp.Variable((n, n), hermitian=True) for _ in range(k)]
    rows = []
    for i in range(k):
        a = np.outer(h[:, i], h[:, i].conj())
        received = [cp.real(cp.trace(a @ x)) for x in covariances]
        rows.append(received[i] - gamma * (cp.sum(received) - received[i]) >= gamma * noise)
    rows += [x >> 0 for x in covariances]
    power = cp.real(cp.sum([cp.trace(x) for x in covariances]))
    return cp.Problem(cp.Minimize(power), rows), covariances


def least_power(h, gamma, noise=1.0):
    """The same by the fixed point of uplink powers, whose sum is the least power."""
    n, k = h.shape
    uplink = np.zeros(k)
    for _ in range(2000):
        total = np.eye(n) + (h * uplink) @ h.conj().T
        gains = np.array([np.vdot(h[:, i], np.linalg.solve(total, h[:, i])).real for i in range(k)])
        uplink = gamma / (1 + gamma) / gains
    return noise * uplink.sum()


@pytest.mark.parametrize("n", [4, 9])
def test_relaxed_beamforming_is_exact_and_recognised(n):
    h = complex_normal(n, 3)
    problem, covariances = quality_of_service(h, 2.0)
    problem.solve(solver=SOLVER)
    assert problem.status == "optimal"
    assert problem.solver_stats.extra_stats["matrices"] == 3
    assert problem.solver_stats.extra_stats["error"] < 1e-8
    assert problem.value == pytest.approx(least_power(h, 2.0), rel=1e-7)
    for x in covariances:
        values = np.linalg.eigvalsh(x.value)
        assert values[0] > -1e-9 * values[-1]
    for row in problem.constraints[:3]:
        assert row.violation() < 1e-7


def test_scale_of_a_unit_changes_no_digit():
    h = complex_normal(6, 2)
    values = []
    for unit in (1.0, 2.0**-40):
        problem, _ = quality_of_service(h, 3.0, noise=unit)
        values.append(problem.solve(solver=SOLVER) / unit)
        assert problem.status == "optimal"
    assert values[0] == pytest.approx(values[1], rel=1e-7)


#: CVXPY states the multiplier of a Hermitian inequality halved before 1.9.2.
WHOLE = tuple(int(part) for part in cp.__version__.split(".")[:3]) >= (1, 9, 2)


@pytest.mark.parametrize("kind", ["attribute", "constraint", "block", "real"])
def test_strong_duality_of_a_semidefinite_constraint(kind):
    """min <C, X>, <A, X> = 1, X >= B: the value is y + <Z, B> with Z = C - y A."""
    n = 4
    data = [complex_normal(n, n) for _ in range(3)]
    if kind == "real":
        data = [d.real for d in data]
    c, a, b = (d @ d.conj().T for d in data)
    b = 0 * b if kind in ("attribute", "constraint") else 0.001 * b
    symmetry = {"PSD": True} if kind == "real" else {"hermitian": True}
    x = cp.Variable((n, n), **symmetry)
    below = x - b >> 0 if kind in ("block", "real") else x >> 0
    real = (lambda e: e) if kind == "real" else cp.real
    row = real(cp.trace(a @ x)) == 1
    problem = cp.Problem(cp.Minimize(real(cp.trace(c @ x))), [row, below])
    problem.solve(solver=SOLVER)
    assert problem.status == "optimal"
    y = -row.dual_value
    z = below.dual_value
    # From outside: the least generalised eigenvalue where B = 0.
    if kind in ("attribute", "constraint"):
        values = np.linalg.eigvals(np.linalg.solve(a, c)).real
        assert problem.value == pytest.approx(values.min(), rel=1e-7)
    factor = 1 if WHOLE or kind == "real" else 2
    assert factor * z == pytest.approx(c - y * a, rel=1e-6, abs=1e-6 * np.abs(c).max())
    assert np.linalg.eigvalsh(z)[0] > -1e-7 * np.abs(c).max()
    assert y + factor * np.vdot(z, b).real == pytest.approx(problem.value, rel=1e-7)


def test_duals_are_those_of_clarabel():
    pytest.importorskip("clarabel")
    h = complex_normal(3, 2)
    duals = []
    for solver in (SOLVER, "CLARABEL"):
        problem, covariances = quality_of_service(h, 1.5)
        t = cp.Variable()
        w = cp.Variable(3, complex=True)
        rows = [*problem.constraints, cp.norm(w - h[:, 0]) <= t, t <= 9, cp.real(h[:, 1].conj() @ w) >= 2]
        problem = cp.Problem(cp.Minimize(problem.objective.expr + t), rows)
        problem.solve(solver=solver)
        duals.append([np.asarray(row.dual_value) for row in rows if row.dual_value is not None])
    assert len(duals[0]) == len(duals[1]) > 5
    for ours, theirs in zip(*duals, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4 * max(1, np.abs(theirs).max()))


def test_s_procedure():
    """Largest t with (h + e)^H W (h + e) >= t for all |e| <= r: W = w w^H gives (|h^H w| - r |w|)^2."""
    n, r = 4, 0.2
    h = complex_normal(n, 1)
    w = complex_normal(n, 1)
    big = w @ w.conj().T
    t, s = cp.Variable(), cp.Variable(nonneg=True)
    corner = cp.reshape(np.real(h.conj().T @ big @ h) - t - s * r**2, (1, 1), order="F")
    block = cp.bmat([[big + s * np.eye(n), big @ h], [h.conj().T @ big, corner]])
    problem = cp.Problem(cp.Maximize(t), [block >> 0])
    problem.solve(solver=SOLVER)
    worst = (abs(np.vdot(h, w)) - r * np.linalg.norm(w)) ** 2
    assert problem.status == "optimal"
    assert problem.value == pytest.approx(worst, rel=1e-6)


def test_statuses_claim_no_more_than_is_proved():
    x = cp.Variable((2, 2), hermitian=True)
    problem = cp.Problem(cp.Minimize(0), [x >> 0, cp.real(cp.trace(x)) <= -1])
    problem.solve(solver=SOLVER)
    assert problem.status == "infeasible"
    # A duality gap: the optimum is 1, for z11 = 0 forces z12 = 0; the dual's value is 0.
    z = cp.Variable((3, 3), symmetric=True)
    gap = cp.Problem(cp.Minimize(z[2, 2]), [z >> 0, z[0, 0] == 0, z[2, 2] + 2 * z[0, 1] == 1])
    assert gap.solve(solver=SOLVER) == pytest.approx(1, rel=1e-6)
    # No point, but points that violate as little as one likes: neither optimal nor infeasible.
    weak = cp.Problem(cp.Minimize(0), [z >> 0, z[0, 0] == 0, z[0, 1] == 1])
    with pytest.raises(cp.error.SolverError):
        weak.solve(solver=SOLVER)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("infeasible", "infeasible"),
        ("no_point_below", "infeasible_inaccurate"),
        ("unbounded", "unbounded"),
        ("no_multipliers_below", "unbounded_inaccurate"),
        ("ill_posed", "solver_error"),
        ("unknown", "solver_error"),
    ],
)
def test_outcomes_without_a_point_are_never_optimal(outcome, status):
    answer = {"outcome": outcome, "why": "", "iterations": 1, "error": np.nan}
    assert SOLVER.invert(answer, {}).status == status


def test_unknown_options_are_refused():
    x = cp.Variable()
    problem = cp.Problem(cp.Minimize(x), [x >= 1])
    with pytest.raises(isac.InputError) as caught:
        problem.solve(solver=SOLVER, eps=1e-3)
    assert caught.value.field == "eps"
    assert problem.solve(solver=SOLVER, tolerance=1e-10) == pytest.approx(1, rel=1e-9)


def test_a_time_limit_says_that_the_user_set_it():
    rng = np.random.default_rng(5)
    data = rng.normal(size=(60, 40, 40))
    x = cp.Variable((40, 40), PSD=True)
    rows = [cp.trace((d + d.T) @ x) <= 1 for d in data]
    problem = cp.Problem(cp.Minimize(cp.trace((data[0] @ data[0].T) @ x) - cp.trace(x)), rows + [cp.trace(x) <= 1])
    with pytest.raises(cp.SolverError):
        problem.solve(solver=SOLVER, time_limit=1e-3, reduce=False)
    problem.solve(solver=SOLVER, max_iterations=3, reduce=False)
    assert problem.status == "user_limit" and x.value.shape == (40, 40)
    with pytest.raises(isac.InputError) as caught:
        problem.solve(solver=SOLVER, time_limit=0)
    assert caught.value.field == "time_limit"


def test_data_that_is_not_finite_is_refused():
    one, none = np.ones(1), np.zeros(0)
    empty = np.zeros(0, dtype=np.int64)
    options = dict(tolerance=1e-9, accept=1e-8, max_iterations=10, reduce=True, extend=True, time_limit=None)
    starts = np.zeros(2, dtype=np.int64)
    with pytest.raises(isac.InputError) as caught:
        _isac.solve_cones(none, empty, starts, one * np.nan, one, 0, 1, [], [], **options)
    assert caught.value.field == "b"
    with pytest.raises(isac.InputError) as caught:
        _isac.solve_cones(none, empty, starts, one, one, 0, 2, [], [], **options)
    assert caught.value.field == "b"
    with pytest.raises(isac.InputError) as caught:
        _isac.solve_cones(one, empty, starts, one, one, 0, 1, [], [], **options)
    assert caught.value.field == "A"
