"""What is proved, proofs in files, time limits and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time

import isac
import numpy as np
import pytest

SCENARIO = {"schema": "noma/1", "scenario": {"antennas": 4, "users": 2, "problem": "max_min"}}
# Minutes of work.
LONG = {"schema": "alpha-fair/1"}


def test_what_is_proved_changes_no_point():
    none, local = (isac.solve(SCENARIO, certify=what) for what in ("none", "local"))
    assert none.objective == local.objective
    assert none.bound is None and none.gap is None and none.certificate is None
    assert local.bound >= local.objective
    assert local.report == isac.solve(SCENARIO).report


def test_proofs_are_written_and_checked(tmp_path):
    path = tmp_path / "proof.json"
    result = isac.solve(SCENARIO, certify="global", proof=path)
    verdict = isac.verify(path)
    assert verdict.proved and verdict.why is None
    assert verdict.value == pytest.approx(result.objective, rel=1e-9)
    assert verdict.bound == pytest.approx(result.bound, rel=1e-9)
    assert verdict.bound >= verdict.value and verdict.leaves == 1
    # A better bound than was proved.
    proof = json.loads(path.read_text())
    proof["bound"] = 0.5 * proof["value"]
    path.write_text(json.dumps(proof))
    refused = isac.verify(str(path))
    assert not refused.proved and refused.bound is None and refused.why


def test_that_nothing_exists_is_proved(tmp_path):
    path = tmp_path / "proof.json"
    # One direction: each of the two would have to be ten times as loud as the other.
    document = {
        "schema": "noma/1",
        "H": np.ones((2, 2), dtype=complex),
        "sigma2_W": 0.1,
        "cases": [{"problem": "power_min", "sic": "linear", "gamma_dB": 10.0}],
    }
    result = isac.solve(document, certify="global", proof=path)
    assert result.status == "infeasible"
    verdict = isac.verify(path)
    assert verdict.proved and verdict.kind == "infeasible" and verdict.value is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"certify": "all"}, "certify"),
        ({"certify": "global", "document": {"schema": "cell-free/1"}}, "certify"),
        ({"proof": "proof.json"}, "proof"),
        ({"proof": "proof.json", "certify": "none"}, "proof"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"time_limit": -1}, "time_limit"),
        ({"time_limit": float("nan")}, "time_limit"),
        ({"time_limit": float("inf")}, "time_limit"),
        ({"time_limit": "long"}, "time_limit"),
    ],
)
def test_bad_requests_are_refused_by_name(arguments, field):
    arguments = {"document": SCENARIO, **arguments}
    with pytest.raises(isac.InputError) as caught:
        isac.solve(arguments.pop("document"), **arguments)
    assert caught.value.field == field and caught.value.expected


def test_what_is_no_proof_is_refused_by_name(tmp_path):
    path = tmp_path / "document.json"
    with pytest.raises(isac.InputError) as caught:
        isac.verify(path)
    assert caught.value.field == "path"
    path.write_text(json.dumps(SCENARIO))
    with pytest.raises(isac.InputError) as caught:
        isac.verify(path)
    assert caught.value.field == "schema" and "isac-proof/1" in caught.value.expected
    with pytest.raises(isac.InputError) as caught:
        isac.verify(3)
    assert caught.value.field == "path"


def run(code):
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_time_limit_leaves_no_point():
    # In a process of its own: the work goes on until that ends.
    code = f"import isac; r = isac.solve({LONG!r}, time_limit=0.2); print(r.status, r.objective, r.bound, r.stop_reason)"
    out, _ = run(code).communicate(timeout=60)
    assert out.strip() == "unknown None None time limit of 0.2 s, no point is kept"


def test_a_time_limit_that_suffices_changes_nothing():
    assert isac.solve(SCENARIO, time_limit=600).report == isac.solve(SCENARIO).report


@pytest.mark.skipif(os.name == "nt", reason="a signal of Unix")
def test_interrupts_end_the_call_and_not_the_process():
    # Whoever started the tests may have had the signal ignored, which children inherit.
    code = f"""
import isac, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
print("solving", flush=True)
try:
    isac.solve({LONG!r})
    print("solved")
except KeyboardInterrupt:
    print("interrupted", isac.solve({SCENARIO!r}).status)
"""
    process = run(code)
    assert process.stdout.readline() == "solving\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("interrupted solved\n", 0)
