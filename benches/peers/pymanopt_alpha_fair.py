"""Conjugate gradient of pymanopt on the penalised alpha-fair objective, value and gradient in numpy.

    python -m venv peers && peers/bin/pip install numpy pymanopt
    cargo run --profile repro -p isac-benches --example alpha_fair_peer -- instance.json
    OPENBLAS_NUM_THREADS=1 peers/bin/python benches/peers/pymanopt_alpha_fair.py instance.json

Prints the objective over CPU time and the command that times our side to the same objectives.
Known gain, summed information, all disturbances, norm form: the default options on both sides.
"""

import json
import sys
import time

import numpy as np
import pymanopt
from pymanopt.manifolds import Sphere
from pymanopt.optimizers import ConjugateGradient


class Objective:
    """f = Norm_{1+alpha}(C / Cref) + rho sum max(0, rmin - r)^2 on W of shape (N, K+1, Nt)."""

    def __init__(self, document):
        p, cfg = document["params"], document["config"]
        self.n, self.k, self.power = p["N"], p["K"], p["power"]
        m = p["M"]
        self.m, self.s1 = m, m * (m - 1) / 2
        self.s2 = (m - 1) * m * (2 * m - 1) / 6
        self.noise = p["noise_per_subcarrier"]
        self.b = np.array(document["reflection_power"])  # (T, J)
        self.kappa = 8 * np.pi**2 * self.b * np.array(document["nr"])
        whole = lambda x: np.array(x["re"]) + 1j * np.array(x["im"])
        self.a = whole(document["steering"])[:, 0, :]  # (T, Nt)
        self.h = np.ascontiguousarray(whole(document["channels"]).transpose(1, 0, 2))  # (N, K, Nt)
        self.w0 = whole(document["W0"])
        self.order = 1 + cfg["alpha"]
        self.cref, self.rmin, self.rho = cfg["Cref"], cfg["rmin"], cfg["rho"]
        self.i = np.arange(self.n, dtype=float)
        self.a_h, self.h_c = np.ascontiguousarray(self.a.conj().T), self.h.conj()

    def forward(self, w):
        s = {"w": w}
        s["aw"] = w @ self.a_h  # (N, C, T)
        light = np.abs(s["aw"]) ** 2
        gs, gc = light[:, 0, :].T, light[:, 1:, :].sum(1).T  # (T, N)
        total = self.noise + self.b.T @ (gs + gc)  # (J, N)
        s["d"] = total[None] - self.b[:, :, None] * gs[:, None, :]  # (T, J, N)
        s["p"] = gs[:, None, :] / s["d"]
        p0, p1, p2 = s["p"].sum(2), s["p"] @ self.i, s["p"] @ self.i**2
        f11 = self.m * (self.kappa * p2).sum(1)
        f12 = -self.s1 * (self.kappa * p1).sum(1)
        f22 = self.s2 * (self.kappa * p0).sum(1)
        det = f11 * f22 - f12**2
        s["inv"] = (f22 / det, -f12 / det, f11 / det)
        crlb = (f11 + f22) / det
        x = crlb / self.cref
        top = x.max()
        norm = top * ((x / top) ** self.order).sum() ** (1 / self.order)
        s["by_crlb"] = (x / norm) ** (self.order - 1) / self.cref
        s["hw"] = self.h_c @ w.transpose(0, 2, 1)  # (N, K, C)
        received = np.abs(s["hw"]) ** 2
        users = np.arange(self.k)
        s["own"] = received[:, users, users + 1]
        s["den"] = received.sum(2) - s["own"] + self.noise
        rates = np.log2(1 + s["own"] / s["den"]).mean(0)
        s["short"] = np.maximum(0.0, self.rmin - rates)
        s["value"] = norm + self.rho * (s["short"] ** 2).sum()
        return s

    def backward(self, s):
        i11, i12, i22 = s["inv"]
        e11 = -s["by_crlb"] * (i11**2 + i12**2)
        e12 = -s["by_crlb"] * i12 * (i11 + i22)
        e22 = -s["by_crlb"] * (i12**2 + i22**2)
        by_index = (
            self.m * e11[:, None] * self.i**2 + self.s2 * e22[:, None] - 2 * self.s1 * e12[:, None] * self.i
        )  # (T, N)
        dnum = self.kappa[:, :, None] * by_index[:, None, :] / s["d"]  # (T, J, N)
        dden = -dnum * s["p"]
        gc = self.b @ dden.sum(0)  # (T, N)
        gs = dnum.sum(1) + gc - (dden * self.b[:, :, None]).sum(1)
        weights = np.repeat(gc.T[:, None, :], self.k + 1, axis=1)  # (N, C, T)
        weights[:, 0, :] = gs.T
        grad = 2 * (weights * s["aw"]) @ self.a
        cst = -2 * self.rho * s["short"] / (self.n * np.log(2))
        by_own = cst / (s["den"] + s["own"])
        by_den = -cst * s["own"] / (s["den"] * (s["den"] + s["own"]))
        q = np.repeat(by_den[:, :, None], self.k + 1, axis=2)
        users = np.arange(self.k)
        q[:, users, users + 1] = by_own
        return grad + 2 * (q * s["hw"]).transpose(0, 2, 1) @ self.h


def main():
    document = json.load(open(sys.argv[1]))
    f = Objective(document)
    iterations = document["config"]["iterations"]
    scale = np.sqrt(f.power)
    manifold = Sphere(2, *f.w0.shape)
    path, last = [], {}

    def state(x):
        # pymanopt asks for the gradient where it asked for the cost before: share the forward part.
        if last.get("x") is not x:
            last["x"], last["s"] = x, f.forward(scale * (x[0] + 1j * x[1]))
            least = min(last["s"]["value"], path[-1][1] if path else np.inf)
            path.append((time.process_time() - clock, least))
        return last["s"]

    @pymanopt.function.numpy(manifold)
    def cost(x):
        return state(x)["value"]

    @pymanopt.function.numpy(manifold)
    def gradient(x):
        g = scale * f.backward(state(x))
        return np.stack([g.real, g.imag])

    start = np.stack([f.w0.real, f.w0.imag]) / scale
    clock = time.process_time()
    # The gradient is right: central difference along a random direction.
    rng = np.random.default_rng(0)
    d = rng.standard_normal(start.shape)
    numeric = (cost(start + 1e-6 * d) - cost(start - 1e-6 * d)) / 2e-6
    exact = (gradient(start) * d).sum()
    assert abs(numeric - exact) <= 1e-5 * abs(exact), (numeric, exact)

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    optimizer = ConjugateGradient(
        beta_rule="PolakRibiere",
        max_iterations=iterations,
        max_time=1e9,
        min_gradient_norm=0.0,
        min_step_size=0.0,
        verbosity=0,
    )
    path.clear()
    last.clear()
    clock = time.process_time()
    result = optimizer.run(problem, initial_point=start / np.linalg.norm(start))
    total = time.process_time() - clock
    print(f"pymanopt {result.iterations} iterations, {len(path)} evaluations, {total:.3f} s CPU, objective {result.cost:.6f}")
    targets = []
    for share in (0.25, 0.5, 1.0):
        seconds, value = path[int(share * (len(path) - 1))]
        # Rounded up, so that six digits can be reached by both sides.
        target = float(f"{np.ceil(value * 1e6) / 1e6:.6f}")
        seconds = next(t for t, v in path if v <= target)
        targets.append(f"{target:.6f}")
        print(f"  {target:.6f} after {seconds:.4f} s")
    print("ours: cargo run --profile repro -p isac-benches --example alpha_fair_peer --", sys.argv[1], *targets)


if __name__ == "__main__":
    main()
