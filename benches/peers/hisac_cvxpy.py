"""AO of [hisac_see] (Algorithm 4 as corrected) through cvxpy in full dimension, timed.

Alternates the S-procedure step on BS1's beams with the one on BS2's streams from the stored feasible
start of a `hisac-see/1` document until a round gains less than 1e-4, all antennas kept. Needs numpy
and cvxpy with CLARABEL (or SCS).

    python3 benches/peers/hisac_cvxpy.py FILE.json [ROUNDS]

Prints the efficiency by the program's own bounds, the number of conic solves and CPU seconds.
"""

import json
import sys
import time

import cvxpy as cp
import numpy as np


def load(path):
    with open(path) as handle:
        file = json.load(handle)
    whole = lambda v: np.array(v["re"]) + 1j * np.array(v["im"])
    p = file["params"]
    scale = 1 / np.sqrt(p["sigma2_W"])
    c = {k: whole(v) * scale for k, v in file["channels"].items()}
    c = {k: v if k.endswith("rows") else v[:, 0] for k, v in c.items()}
    r = {k: p["radius_" + k] * scale for k in ("h_bo", "h_e", "g_bo", "g_e")}
    d = {k: whole(v) for k, v in file["designs"]["feasible_start"].items()}
    return p, c, r, [d["w_bo"][:, 0], d["w_ta"][:, 0], d["O"]]


def minorant(w, now):
    """w_i w^H + w w_i^H - w_i w_i^H."""
    now = now.reshape(-1, 1)
    if not isinstance(w, cp.Expression):
        return now @ now.conj().T
    w = cp.reshape(w, (now.shape[0], 1), order="F")
    return now @ w.H + w @ now.conj().T - now @ now.conj().T


def procedure(form, constant, centre, radius, rows, v=None, q=None):
    """x^H form x + constant >= |x^H v|^2 / q for all x in the ball, as one matrix inequality."""
    m = len(centre)
    t = np.hstack([np.eye(m), centre.reshape(-1, 1)])
    lam = cp.Variable(nonneg=True)
    corner = np.zeros((m + 1, m + 1))
    corner[m, m] = 1
    ball = np.eye(m + 1)
    ball[m, m] = -radius**2
    block = t.conj().T @ form @ t + lam * ball + constant * corner
    if v is not None:
        side = t.conj().T @ (cp.reshape(v, (m, 1), order="F") if isinstance(v, cp.Expression) else v.reshape(-1, 1))
        q = cp.reshape(q, (1, 1), order="F") if isinstance(q, cp.Expression) else np.array([[q]])
        side_h = side.H if isinstance(side, cp.Expression) else side.conj().T
        block = cp.bmat([[block, side], [side_h, q]])
    rows.append(cp.hermitian_wrap(block) >> 0)


def numbers(p, c, r, at):
    """Values at the point that the step is taken about: S, z, beta, t."""
    w_bo, w_ta, o = at
    gram = o @ o.conj().T
    s = max(abs(c["h_bo"].conj() @ w_bo) - r["h_bo"] * np.linalg.norm(w_bo), 0) ** 2
    z = extreme(gram, c["g_bo"], r["g_bo"]) + 1
    beta = max(-extreme(-gram, c["g_e"], r["g_e"]), 0)
    ratio = abs(c["h_e"].conj() @ w_bo) ** 2 / (abs(c["h_e"].conj() @ w_ta) ** 2 + beta + 1)
    for _ in range(60):
        form = np.outer(w_bo, w_bo.conj()) - ratio * np.outer(w_ta, w_ta.conj())
        value, x = extreme(form, c["h_e"], r["h_e"], True)
        new = abs(x.conj() @ w_bo) ** 2 / (abs(x.conj() @ w_ta) ** 2 + beta + 1)
        if new <= ratio * (1 + 1e-13):
            break
        ratio = new
    return s, z, beta, ratio


def extreme(a, centre, radius, point=False):
    """max x^H A x over a ball, by bisection in the distance of the multiplier to the top eigenvalue."""
    values, vectors = np.linalg.eigh(a)
    along = vectors.conj().T @ centre
    top = max(values[-1], 0)
    low, high = 1e-14 * max(abs(values).max(), 1e-300), 1.0
    length = lambda delta: np.linalg.norm(values * along / (top - values + delta))
    while length(high) > radius:
        high *= 2
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if length(middle) > radius else (low, middle)
    step = values * along / (top - values + high)
    left = radius**2 - np.linalg.norm(step[:-1]) ** 2
    if values[-1] > 0 and left > abs(step[-1]) ** 2:
        phase = along[-1] / abs(along[-1]) if abs(along[-1]) > 0 else 1
        step[-1] = np.sqrt(left) * phase
    x = vectors @ (along + step)
    value = np.real(x.conj() @ a @ x)
    return (value, x) if point else value


def step(p, c, r, at, free1, free2):
    """One convex step, K1 to K14, with BS1's beams or BS2's streams as constants."""
    gamma, n = p["gamma_th"], p["N"]
    at = [at[0] * np.exp(-1j * np.angle(c["h_bo"].conj() @ at[0])), at[1], at[2].copy()]
    g, h = c["g_users_rows"], c["h_users_rows"]
    s_at, z_at, beta_at, t_at = numbers(p, c, r, at)
    m1, m2 = len(at[0]), at[2].shape[0]
    w_bo = cp.Variable(m1, complex=True) if free1 else at[0]
    w_ta = cp.Variable(m1, complex=True) if free1 else at[1]
    o = [cp.Variable(m2, complex=True) if free2 else at[2][:, k] for k in range(n + 1)]
    rows = []
    s, t, u, inverse = (cp.Variable(nonneg=True) for _ in range(4))
    amplitude = cp.Variable(nonneg=True)
    rows.append(r["h_bo"] * cp.norm(w_bo) <= cp.real(c["h_bo"].conj() @ w_bo) - amplitude)
    if free2:
        z, beta, lam = (cp.Variable(nonneg=True) for _ in range(3))
        k = n + 1
        heard = cp.reshape(cp.hstack([cp.conj(c["g_bo"].conj() @ x) for x in o]), (k, 1), order="F")
        spread = cp.vstack([r["g_bo"] * cp.conj(x) for x in o])
        zeros = np.zeros((1, m2))
        corner = cp.reshape(z - 1 - lam, (1, 1), order="F")
        block = cp.bmat([
            [np.eye(k), heard, spread],
            [heard.H, corner, zeros],
            [spread.H, zeros.T, lam * np.eye(m2)],
        ])
        rows.append(cp.hermitian_wrap(block) >> 0)
        jam = sum(minorant(x, at[2][:, i]) for i, x in enumerate(o))
        procedure(jam, -beta, c["g_e"], r["g_e"], rows)
    else:
        z, beta = z_at, beta_at
    y = np.sqrt(s_at) / z_at
    rows += [s <= 2 * y * amplitude - y**2 * z, s >= gamma]
    procedure(minorant(w_ta, at[1]), beta + 1, c["h_e"], r["h_e"], rows, w_bo, t)
    procedure(gamma * minorant(w_bo, at[0]), gamma * (beta + 1), c["h_e"], r["h_e"], rows, w_ta, 1.0)
    procedure(minorant(w_ta, at[1]), -gamma * z, c["h_bo"], r["h_bo"], rows, np.sqrt(gamma) * w_bo, 1.0)
    if free1:
        for link in ("h_bo", "h_e"):
            procedure(minorant(w_ta, at[1]), 0.0, c[link], r[link], rows, w_bo, 1.0)
    rows += [cp.inv_pos(1 + s) <= inverse]
    rows += [u <= np.log(1 + s_at / z_at) + 1 - (1 + s_at / z_at) * inverse]
    rate = u / np.log(2) - np.log2(1 + t_at) - (t - t_at) / ((1 + t_at) * np.log(2))
    rows.append(rate >= p["I_S"])
    kappa = p["kappa2"] * p["sigma2_W"] * np.linalg.norm(c["h_ta"]) ** 2 / 2

    def line(a, w, now):
        v = a.conj() @ now
        return 2 * cp.real(np.conj(v) * (a.conj() @ w)) - abs(v) ** 2

    if free1:
        lit = line(c["h_ta"], w_bo, at[0]) + line(c["h_ta"], w_ta, at[1])
        rows.append(kappa * lit >= gamma)
    for i in range(n):
        wanted = g[i].conj() @ at[2][:, i + 1]
        for stream, need in ((0, 2 ** p["I_c"] - 1), (i + 1, 2 ** p["I_p"] - 1)):
            others = [j for j in range(1, n + 1) if j != stream]
            heard = [g[i].conj() @ o[j] for j in others] + [h[i].conj() @ w_bo, h[i].conj() @ w_ta, 1.0]
            heard = cp.hstack(heard)
            if stream == 0:
                rows.append(line(g[i], o[0], at[2][:, 0]) / need >= cp.sum_squares(heard))
            else:
                turn = np.exp(-1j * np.angle(wanted))
                rows.append(cp.real(turn * (g[i].conj() @ o[stream])) / np.sqrt(need) >= cp.norm(heard))
    power1 = cp.sum_squares(w_bo) + cp.sum_squares(w_ta)
    power2 = sum(cp.sum_squares(x) for x in o)
    rows += [power1 <= p["P1_max_W"], power2 <= p["P2_max_W"]]
    total = sum(np.linalg.norm(x) ** 2 for x in at) + p["P0_W"]
    price = max((np.log2(1 + s_at / z_at) - np.log2(1 + t_at)) / total, 0)
    problem = cp.Problem(cp.Maximize(rate - price * (power1 + power2)), rows)
    problem.solve(solver=cp.CLARABEL)
    if w_bo is at[0] and not free2 or problem.status not in ("optimal", "optimal_inaccurate"):
        return at
    value = lambda x: x.value if isinstance(x, cp.Expression) else x
    return [value(w_bo), value(w_ta), np.stack([value(x) for x in o], 1)]


def efficiency(p, c, r, at):
    s, z, _, t = numbers(p, c, r, at)
    total = sum(np.linalg.norm(x) ** 2 for x in at) + p["P0_W"]
    return (np.log2(1 + s / z) - np.log2(1 + t)) / total


def main():
    p, c, r, at = load(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    value, solves = efficiency(p, c, r, at), 0
    start = time.process_time()
    for _ in range(rounds):
        before = value
        for block in ((True, False), (False, True)):
            new = step(p, c, r, at, *block)
            solves += 1
            found = efficiency(p, c, r, new)
            if found >= value:
                at, value = new, found
        if value - before <= 1e-4 * value:
            break
    seconds = time.process_time() - start
    print(f"efficiency {value:.6f} solves {solves} cpu_seconds {seconds:.2f}")


if __name__ == "__main__":
    main()
