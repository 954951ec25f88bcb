"""The shards of a sweep as tasks of a HyperQueue cluster inside this process: a server and two workers.

Standard input: one line of JSON (`words`, the call of a shard in which `I/N` says which; `of`, `threads`,
`cores` of a worker, `log`, a folder), and then nothing until whoever started this is gone.
"""

import json
import os
import sys
import threading
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"

import hyperqueue as hq  # noqa: E402
from hyperqueue.cluster import WorkerConfig  # noqa: E402
from hyperqueue.ffi.protocol import ResourceRequest  # noqa: E402

WORKERS = 2
# A task that was killed is taken up once more.
ROUNDS = 2


def job(given, shards):
    """One task per shard; one that fails ends no other."""
    out = hq.Job(name="isac-sweep", max_fails=None)
    log = Path(given["log"])
    for shard in shards:
        part = f"{shard}/{given['of']}"
        out.program(
            [part if word == "I/N" else word for word in given["words"]],
            cwd=log,
            name=str(shard),
            stdout=str(log / f"hq-{shard}.out"),
            stderr=str(log / f"hq-{shard}.err"),
            resources=ResourceRequest(cpus=given["threads"]),
            crash_limit=10,
        )
    return out


def left(given, client):
    """Shards that ended badly in every round."""
    shards = range(1, given["of"] + 1)
    for _ in range(ROUNDS):
        submitted = client.submit(job(given, shards))
        if client.wait_for_jobs([submitted], raise_on_error=False):
            return []
        failed = client.get_failed_tasks(submitted)
        shards = sorted(int(submitted.job.task_by_id(task).name) for task in failed)
        for task, context in sorted(failed.items()):
            name = submitted.job.task_by_id(task).name
            print(f"shard {name}: {context.error}", file=sys.stderr, flush=True)
    return shards


def main():
    given = json.loads(sys.stdin.readline())
    cluster = hq.LocalCluster()

    def end_with_parent():
        sys.stdin.read()
        cluster.stop()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    for _ in range(WORKERS):
        cluster.start_worker(WorkerConfig(cores=given["cores"]))
    failed = left(given, cluster.client())
    cluster.stop()
    sys.stdout.flush()
    os._exit(1 if failed else 0)


main()
