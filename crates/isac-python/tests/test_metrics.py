"""Gradients by the slope of the remainder, and as the gradients that scipy and pymanopt want."""

import isac
import numpy as np
import pytest

RNG = np.random.default_rng(7)


def complex_normal(*shape):
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)) / np.sqrt(2)


H = complex_normal(9, 2)
NOISE = [0.1, 0.2]
SENSING = isac.metrics.AngleSensing((3, 3), (4, 3), [-0.7, 0.4], [0.9, 1.2], [0.1 + 0.2j, -0.3j], 30, 1e-3)


def sum_rate(w):
    return isac.metrics.sum_rate(H, w, NOISE)


def crlb(w):
    return SENSING.crlb_trace(w)


@pytest.mark.parametrize("metric", [sum_rate, crlb])
def test_remainder_falls_with_the_square(metric):
    w, direction = complex_normal(9, 8), complex_normal(9, 8)
    value, gradient = metric(w)
    steps = np.array([1e-2, 1e-3])
    slope = np.vdot(gradient, direction).real
    remainders = [abs(metric(w + t * direction)[0] - value - t * slope) for t in steps]
    order = np.log10(remainders[0] / remainders[1])
    assert order == pytest.approx(2, abs=0.15)


def test_sum_rate_is_that_of_the_sinr():
    w = complex_normal(9, 3)
    gains = np.abs(H.conj().T @ w) ** 2
    own = np.diag(gains)
    naive = own / (gains.sum(axis=1) - own + NOISE)
    assert isac.metrics.sinr(H, w, NOISE) == pytest.approx(naive, rel=1e-12)
    assert sum_rate(w)[0] == pytest.approx(np.log1p(naive).sum(), rel=1e-12)


def test_scipy_takes_the_gradient():
    optimize = pytest.importorskip("scipy.optimize")
    h = complex_normal(4, 1)

    def cost(x):
        w = (x[:4] + 1j * x[4:])[:, None]
        norm = np.linalg.norm(w)
        value, g = isac.metrics.sum_rate(h, w / norm, 0.1)
        # The rate of the normalised beam: the gradient without its radial part.
        g = (g - w / norm * np.vdot(w / norm, g).real) / norm
        return -value, -np.concatenate([g.real, g.imag])[:, 0]

    found = optimize.minimize(cost, RNG.normal(size=8), jac=True, method="BFGS", options={"gtol": 1e-9})
    assert -found.fun == pytest.approx(np.log1p(np.linalg.norm(h) ** 2 / 0.1), rel=1e-9)


def test_pymanopt_takes_the_gradient():
    pymanopt = pytest.importorskip("pymanopt")
    h = complex_normal(4, 1)
    real = lambda w: np.concatenate([w.real, w.imag])  # noqa: E731
    back = lambda x: x[:4] + 1j * x[4:]  # noqa: E731
    manifold = pymanopt.manifolds.Sphere(8, 1)

    @pymanopt.function.numpy(manifold)
    def cost(x):
        return -isac.metrics.sum_rate(h, back(x), 0.1)[0]

    @pymanopt.function.numpy(manifold)
    def gradient(x):
        return -real(isac.metrics.sum_rate(h, back(x), 0.1)[1])

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    optimizer = pymanopt.optimizers.ConjugateGradient(verbosity=0, min_gradient_norm=1e-9)
    start = RNG.normal(size=(8, 1))
    result = optimizer.run(problem, initial_point=start / np.linalg.norm(start))
    assert -result.cost == pytest.approx(np.log1p(np.linalg.norm(h) ** 2 / 0.1), rel=1e-9)


def test_torch_takes_the_gradient():
    torch = pytest.importorskip("torch")

    class SumRate(torch.autograd.Function):
        @staticmethod
        def forward(context, w):
            value, gradient = sum_rate(w.detach().numpy())
            context.save_for_backward(torch.from_numpy(gradient))
            return torch.tensor(value, dtype=torch.float64)

        @staticmethod
        def backward(context, grad):
            return grad * context.saved_tensors[0]

    w = torch.tensor(complex_normal(9, 3), requires_grad=True)
    SumRate.apply(w * 2).backward()
    expected = 2 * sum_rate(2 * w.detach().numpy())[1]
    assert w.grad.numpy() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: isac.metrics.sum_rate(H, np.ones((8, 2)), 0.1), "W"),
        (lambda: isac.metrics.sum_rate(H, np.ones((9, 1)), 0.1), "W"),
        (lambda: isac.metrics.sum_rate(H, np.ones((9, 2)), [0.1, -0.1]), "noise_W"),
        (lambda: isac.metrics.sum_rate(H, np.ones((9, 2)), [0.1] * 3), "noise_W"),
        (lambda: SENSING.crlb_trace(np.ones((8, 2))), "W"),
        (lambda: isac.metrics.AngleSensing((3, 3), (3, 3), [0.1, 0.2], [1.0, 1.0, 1.0], [1, 1], 3, 1.0), "phi_rad"),
        (lambda: isac.metrics.AngleSensing((3,), (3, 3), [0.1], [1.0], [1], 3, 1.0), "transmit"),
        (lambda: isac.metrics.AngleSensing((3, 3), (3, 3), [0.1], [1.0], [1], 0, 1.0), "snapshots"),
        (lambda: isac.metrics.AngleSensing((3, 3), (3, 3), [0.1], [0.0], [1], 3, 1.0), "phi[0]"),
    ],
)
def test_refusals_name_the_argument(call, field):
    with pytest.raises(isac.InputError) as caught:
        call()
    assert caught.value.field == field
