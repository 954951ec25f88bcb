"""The conic engine: optima in closed form, duals by weak duality, refusals by name."""

import isac
import numpy as np
import pytest

RNG = np.random.default_rng(2)


def hermitian(n):
    a = RNG.normal(size=(n, n)) + 1j * RNG.normal(size=(n, n))
    return a + a.conj().T


def test_least_eigenvalue():
    c = hermitian(6)
    p = isac.conic.Program()
    x = p.psd("X", 6)
    row = p.equal("trace", x.trace(), 1)
    p.minimise(x.inner(c))
    answer = p.solve()
    least = np.linalg.eigvalsh(c)[0]
    assert answer.status == "solved"
    assert answer.objective == pytest.approx(least, rel=1e-8)
    assert answer.dual(row) == pytest.approx(least, rel=1e-8)
    assert answer.bound <= answer.objective and max(map(abs, answer.errors)) < 1e-8
    value = answer.value(x)
    assert np.array_equal(value, value.conj().T)
    assert np.vdot(c, value).real == pytest.approx(answer.objective, rel=1e-9)
    assert repr(answer).startswith("status         solved")


def test_largest_eigenvalue_by_a_matrix_inequality():
    c = hermitian(5)
    p = isac.conic.Program()
    t = p.free("t")
    block = isac.conic.Expression.constant(-c).with_term(t, np.eye(5))
    lmi = p.lmi("above", block)
    p.minimise(t)
    answer = p.solve()
    assert answer.value(t) == pytest.approx(np.linalg.eigvalsh(c)[-1], rel=1e-8)
    u = answer.dual(lmi)
    assert np.trace(u).real == pytest.approx(1, rel=1e-7)
    assert np.vdot(c, u).real == pytest.approx(answer.objective, rel=1e-7)


def test_schur_block_is_the_square_of_a_norm():
    p = isac.conic.Program()
    w, t = p.vector("w", 2), p.free("t")
    a = np.array([1.0, 2j])
    re, im = w.dot(a)
    p.equal("re", re, 3)
    p.equal("im", im, -1)
    block = isac.conic.Expression.zeros(3).with_entry(2, 2, t)
    for j in range(2):
        block = block.with_entry(j, j, 1).with_entry(j, 2, *w.entry(j))
    p.lmi("schur", block)
    p.minimise(t)
    answer = p.solve()
    assert answer.objective == pytest.approx(10 / 5, rel=1e-7)
    assert np.vdot(a, answer.value(w)[:, 0]) == pytest.approx(3 - 1j, rel=1e-7)


def test_norm_constraint():
    p = isac.conic.Program()
    w = p.vector("w", 3)
    cone = p.norm_at_most("power", w.parts(), 2)
    h = RNG.normal(size=3) + 1j * RNG.normal(size=3)
    p.maximise(w.dot(h)[0])
    answer = p.solve()
    assert answer.objective == pytest.approx(2 * np.linalg.norm(h), rel=1e-8)
    assert answer.dual(cone)[0] == pytest.approx(np.linalg.norm(h), rel=1e-7)


def test_pool_cross_and_congruence_agree_with_inner():
    v = RNG.normal(size=(4, 2)) + 1j * RNG.normal(size=(4, 2))
    a, b = v[:, 0], v[:, 1]
    dense = 2 * np.outer(a, a.conj()) - np.outer(b, b.conj())
    cross = np.outer(b, a.conj())
    budget = hermitian(4)
    budget = budget @ budget
    values = []
    for kind in range(2):
        p = isac.conic.Program()
        x = p.psd("X", 4)
        p.at_most("budget", x.inner(budget), 1)
        if kind:
            p.maximise(x.pool(v, [2, -1]) + 0.5 * x.cross(a, b)[0])
        else:
            p.maximise(x.inner(dense + 0.25 * (cross + cross.conj().T)))
        values.append(p.solve().objective)
    assert values[0] == pytest.approx(values[1], rel=1e-8)
    p = isac.conic.Program()
    x = p.psd("X", 4)
    t = p.free("t")
    p.at_most("trace", x.trace(), 1)
    inner = x.congruence(v) - isac.conic.Expression.zeros(2).with_term(t, np.eye(2))
    p.lmi("all directions", inner)
    p.maximise(t)
    best = 1 / np.trace(np.linalg.inv(v.conj().T @ v)).real
    assert p.solve().objective == pytest.approx(best, rel=1e-7)


def test_infeasible_comes_with_a_proof_and_no_point():
    p = isac.conic.Program()
    x = p.psd("X", 2)
    p.at_most("trace", x.trace(), -1)
    answer = p.solve()
    assert answer.status == "infeasible" and answer.radius == np.inf and answer.objective is None
    with pytest.raises(isac.InputError) as caught:
        answer.value(x)
    assert caught.value.field == "status"


def test_a_time_limit_ends_a_long_solve():
    p = isac.conic.Program()
    x = p.psd("X", 120)
    for i in range(250):
        p.at_most(f"row {i}", x.inner(hermitian(120)), 1)
    p.at_most("trace", x.trace(), 1)
    p.minimise(x.inner(hermitian(120)))
    # A fraction of one factorisation.
    answer = p.solve(time_limit=0.05, reduce=False)
    assert answer.status in ("unknown", "inaccurate") and answer.bound is None
    for seconds in (0.0, -1.0, np.nan, 2e9):
        with pytest.raises(isac.InputError) as caught:
            p.solve(time_limit=seconds)
        assert caught.value.field == "time_limit"
    p = isac.conic.Program()
    t = p.nonneg("t")
    p.at_least("one", t, 1)
    p.minimise(t)
    assert p.solve(time_limit=600).objective == p.solve().objective == pytest.approx(1, rel=1e-9)


def test_refusals_name_the_argument():
    p = isac.conic.Program()
    x, w = p.psd("X", 3), p.vector("w", 2)
    other = isac.conic.Program().free("t")
    cases = [
        (lambda: x.quadratic([1, 2]), "v"),
        (lambda: x.quadratic([1, 2, np.nan]), "v"),
        (lambda: x.quadratic("abc"), "v"),
        (lambda: x.pool(np.ones((3, 2)), [1]), "weights"),
        (lambda: w.entry(2), "j"),
        (lambda: w.dot([1]), "c"),
        (lambda: x.expr().embedded(3, 1), "n"),
        (lambda: x.expr() + isac.conic.Expression.zeros(2), "other"),
        (lambda: isac.conic.Expression.zeros(2).with_entry(0, 2, 1), "i, j"),
        (lambda: p.equal("row", "x", 1), "left"),
        (lambda: p.minimise(None), "objective"),
    ]
    for call, field in cases:
        with pytest.raises(isac.InputError) as caught:
            call()
        assert caught.value.field == field
    p.minimise(x.trace() + other)
    with pytest.raises(isac.InputError, match="of this program"):
        p.solve()
    p.minimise(x.inner([[1, 1], [1, 1]]))
    with pytest.raises(isac.InputError, match="coefficient of `X` in `objective`"):
        p.solve()
    p.minimise(x.trace())
    with pytest.raises(isac.InputError) as caught:
        p.solve(tolerance=-1)
    assert caught.value.field == "tolerance"
    with pytest.raises((isac.InputError, OverflowError)):
        p.psd("Y", -1)
