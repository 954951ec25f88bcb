"""Documents and the algorithms on them."""

import json
import multiprocessing
import pickle
import threading
import time

import isac
import numpy as np
import pytest

H = np.array([[1.0, 0.2j], [1j, 0.9], [0.3, -0.4]])


def test_one_user_needs_the_power_of_the_matched_filter():
    h = np.array([1.0 + 1j, -2.0, 0.5j])
    result = isac.noma.power_min(h, sinr_db=7.0, noise_W=0.3)
    assert result.status == "solved"
    assert result.objective == pytest.approx(10**0.7 * 0.3 / np.linalg.norm(h) ** 2, rel=1e-9)
    w = result.beams["w"]
    assert w.shape == (3, 1) and w.dtype == np.complex128
    assert abs(np.vdot(h, w[:, 0])) ** 2 / 0.3 >= 10**0.7 * (1 - 1e-7)
    assert result.violation is not None and result.violation <= 1e-7


def test_max_min_undoes_power_min():
    least = isac.noma.power_min(H, sinr_db=[9.0, 9.0], noise_W=0.1, sic="linear")
    best = isac.noma.max_min(H, power_W=least.objective, noise_W=0.1, sic="linear")
    assert best.objective == pytest.approx(10**0.9, rel=1e-5)


def test_robust_designs_need_more_power():
    arguments = dict(sinr_db=5.0, noise_W=0.1, sic="linear")
    plain = isac.noma.power_min(H, **arguments)
    robust = isac.noma.power_min(H, eps=0.05, **arguments)
    assert robust.objective > plain.objective * 1.01


def test_scenario_as_dictionary_file_and_json_agree(tmp_path):
    document = {"schema": "noma/1", "seed": 3, "scenario": {"antennas": 4, "users": 2}}
    toml = tmp_path / "a.toml"
    toml.write_text('schema = "noma/1"\nseed = 3\n[scenario]\nantennas = 4\nusers = 2\n')
    text = tmp_path / "a.json"
    text.write_text(json.dumps(document))
    reports = {isac.solve(given).report for given in (document, toml, str(toml), text)}
    assert len(reports) == 1
    assert isac.solve(document, seed=4).report not in reports


def test_design_reaches_its_objective_by_its_own_metrics():
    scene = dict(theta_rad=[-0.7], phi_rad=[0.9], alpha=[0.1 + 0.05j])
    rng = np.random.default_rng(5)
    h = (rng.normal(size=(16, 2)) + 1j * rng.normal(size=(16, 2))) / np.sqrt(2)
    result = isac.obs_crlb.design(
        h, transmit=(4, 4), receive=(5, 4), power_W=0.01, noise_W=1e-3, radar_noise_W=1e-3, **scene
    )
    assert result.status == "solved" and result.bound >= result.objective
    w = result.beams["W"]
    assert np.linalg.norm(w) ** 2 <= 0.01 * (1 + 1e-9)
    sensing = isac.metrics.AngleSensing((4, 4), (5, 4), snapshots=30, noise_W=1e-3, **scene)
    value = 0.25 * isac.metrics.sum_rate(h, w, 1e-3)[0] - sensing.crlb_trace(w)[0]
    assert value == pytest.approx(result.objective, rel=1e-9)


def test_result_is_frozen_and_saves(tmp_path):
    result = isac.noma.power_min(H, sinr_db=3.0, noise_W=0.1)
    with pytest.raises(AttributeError):
        result.objective = 0.0
    with pytest.raises(ValueError):
        result.beams["w"][0, 0] = 0
    with pytest.raises(TypeError):
        result.metrics["power_W"] = 0
    result.save(tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as saved:
        assert np.array_equal(saved["w"], result.beams["w"])
        assert json.loads(str(saved["report"]))["objective"] == result.objective
    assert pickle.loads(pickle.dumps(result)).report == result.report
    lines = repr(result).splitlines()
    assert lines[0].startswith("problem") and any(line.startswith("certificate") for line in lines)


@pytest.mark.parametrize(
    "convert",
    [
        lambda h: h.tolist(),
        np.asfortranarray,
        lambda h: np.repeat(np.repeat(h, 2, axis=0), 3, axis=1)[::2, ::3],
        lambda h: h[::-1][::-1],
        lambda h: h.astype(np.complex64).astype(np.complex128) if False else tuple(map(tuple, h)),
    ],
)
def test_layouts_of_one_array_give_one_answer(convert):
    arguments = dict(sinr_db=6.0, noise_W=0.2)
    assert isac.noma.power_min(convert(H), **arguments).report == isac.noma.power_min(H, **arguments).report


def nan(h):
    out = h.copy()
    out[1, 0] = np.nan
    return out


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"H": nan(H)}, "H"),
        ({"H": H.astype(str)}, "H"),
        ({"H": "channels"}, "H"),
        ({"H": [[1, 2], [3]]}, "H"),
        ({"H": H[None]}, "H"),
        ({"H": np.zeros((3, 0))}, "H"),
        ({"sinr_db": [1.0, 2.0, 3.0]}, "sinr_db"),
        ({"sinr_db": 1j}, "sinr_db"),
        ({"sinr_db": None}, "sinr_db"),
        ({"noise_W": "loud"}, "noise_W"),
        ({"noise_W": -1.0}, "sigma2_W"),
        ({"steering": np.ones((4, 1))}, "steering"),
        ({"sic": "partial"}, "cases[0].sic"),
        ({"algorithm": "best"}, "algorithm"),
    ],
)
def test_bad_arguments_are_refused_by_name(change, field):
    arguments = {"H": H, "sinr_db": 6.0, "noise_W": 0.2, **change}
    with pytest.raises(isac.InputError) as caught:
        isac.noma.power_min(arguments.pop("H"), **arguments)
    assert caught.value.field == field
    assert isinstance(caught.value, ValueError) and caught.value.expected
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.field, again.value, str(again)) == (field, caught.value.value, str(caught.value))


def test_documents_are_refused_by_key(tmp_path):
    with pytest.raises(isac.InputError, match="scenario.antenas") as caught:
        isac.solve({"schema": "noma/1", "scenario": {"antenas": 4}})
    assert caught.value.field == "scenario.antenas" and "antennas" in caught.value.expected
    with pytest.raises(isac.InputError) as caught:
        isac.solve(tmp_path / "absent.toml")
    assert caught.value.field == "path"
    with pytest.raises(isac.InputError) as caught:
        isac.solve(7)
    assert caught.value.field == "document"
    with pytest.raises(isac.InputError) as caught:
        isac.solve({"schema": "noma/1", "H": [object()]})
    assert caught.value.field == "H[0]"
    with pytest.raises(isac.InputError) as caught:
        isac.solve({"schema": "noma/1"}, seed=-1)
    assert caught.value.field == "seed"


def test_infeasible_is_a_status():
    # Two users in one direction who both want more than the other leaves.
    h = np.array([[1.0, 1.0], [1.0, 1.0]])
    result = isac.noma.power_min(h, sinr_db=10.0, noise_W=0.1, sic="linear")
    assert result.status == "infeasible" and result.objective is None


SCENARIO = {"schema": "noma/1", "scenario": {"antennas": 4, "users": 2}}


def report(seed):
    return isac.solve(SCENARIO, seed=seed).report


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(report, [1, 2, 3]) == [report(1), report(2), report(3)]


def test_threads_go_on_and_agree():
    answers = {}
    threads = [threading.Thread(target=lambda s=s: answers.update({s: report(s)})) for s in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {seed: report(seed) for seed in (1, 2, 3)}


def test_other_threads_run_during_a_solve():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = len(ticks)
    isac.solve({"schema": "hisac-see/1", "scenario": {}})
    after = len(ticks)
    done.set()
    thread.join()
    assert after > before
