//! HyperQueue and Slurm themselves on this machine: what is killed or sent back is taken up, and the files are those of
//! one run.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{SPEC, process, results, spec};

/// A study of four thousand solves, its plan, and the files of one uninterrupted run.
struct Study {
    folder: PathBuf,
    plan: String,
    out: PathBuf,
    expected: Vec<(String, Vec<u8>)>,
}

const TASKS: usize = 4000;

fn ok(command: &mut Command) -> String {
    let ran = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        ran.status.success(),
        "{command:?}: {}\n{out}{err}",
        ran.status
    );
    out
}

impl Study {
    fn new(test: &str) -> Self {
        let text = SPEC.replace("realizations = 6", "realizations = 1000");
        let (folder, path) = spec(test, &text);
        let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
        let (plan, whole) = (at("plan.json"), at("whole"));
        ok(&mut process(&["sweep", "plan", &path, "-o", &plan]));
        ok(&mut process(&[
            "sweep",
            &path,
            "--out",
            &whole,
            "--threads",
            "2",
        ]));
        let expected = results(Path::new(&whole));
        let out = folder.join("out");
        Self {
            folder,
            plan,
            out,
            expected,
        }
    }

    fn submit(&self, engine: &str) -> Command {
        let out = self.out.to_str().unwrap();
        process(&[
            "sweep", "submit", &self.plan, "--out", out, "--engine", engine, "--shards", "4",
        ])
    }

    /// Whole records of a shard, or of all.
    fn records(&self, shard: &str) -> usize {
        let logs = fs::read_dir(self.out.join("log")).into_iter().flatten();
        let paths = logs.map(|entry| entry.unwrap().path());
        let own = paths.filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(shard) && name.ends_with(".jsonl")
        });
        own.map(|path| fs::read_to_string(path).unwrap().lines().count())
            .sum()
    }

    /// Processes at work on a shard (`1/4`) of this study, or on any.
    fn working(&self, shard: &str) -> Vec<String> {
        let out = self.out.to_str().unwrap();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            // No process, or one that has ended since.
            let Ok(line) = fs::read(entry.path().join("cmdline")) else {
                continue;
            };
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains(&format!(" run {} --out {out} --shard {shard}", self.plan)) {
                found.push(entry.file_name().to_str().unwrap().to_string());
            }
        }
        found
    }

    /// Kills the process of a shard in the middle of its work.
    fn kill_at_work(&self, index: usize) {
        let before = self.records(&format!("{index}-of-4."));
        wait("a shard at work", || {
            let more = self.records(&format!("{index}-of-4.")) > before + 20;
            more && !self.working(&format!("{index}/4 ")).is_empty()
        });
        for process in self.working(&format!("{index}/4 ")) {
            ok(Command::new("kill").args(["-KILL", &process]));
        }
    }
}

/// Waits up to three minutes.
fn wait(what: &str, until: impl Fn() -> bool) {
    const POLL: Duration = Duration::from_millis(5);
    for _ in 0..36_000 {
        if until() {
            return;
        }
        std::thread::sleep(POLL);
    }
    panic!("in vain: {what}");
}

/// `PATH` without the folders that hold a program.
fn path_without(program: &str) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::env::split_paths(&path).filter(|folder| !folder.join(program).exists());
    std::env::join_paths(folders).unwrap()
}

#[test]
#[ignore = "needs python3 with the module hyperqueue"]
fn outside_hyperqueue_takes_up_what_was_killed() {
    // Without the module this fails here and at once, not after minutes of waiting for a shard.
    ok(Command::new("python3").args(["-c", "import hyperqueue"]));
    let study = Study::new("hyperqueue");
    let submit = || {
        let mut command = study.submit("hyperqueue");
        command.env("PATH", path_without("hq")).env_remove("PYTHON");
        command
    };
    let mut first = submit().spawn().unwrap();
    study.kill_at_work(1);
    // Another shard has its place; then all of it is killed, and nothing goes on by itself.
    wait("a third shard", || study.records("3-of-4.") > 20);
    first.kill().unwrap();
    first.wait().unwrap();
    wait("the end of all tasks", || study.working("").is_empty());
    let kept = study.records("");
    assert!(kept > 40 && kept < TASKS, "{kept}");
    let second = submit().stdout(Stdio::piped()).spawn().unwrap();
    // What is killed now is taken up by the same call.
    study.kill_at_work(4);
    let ended = second.wait_with_output().unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stdout)
    );
    // Nothing was done twice but what was in hand.
    let all = study.records("");
    assert!((TASKS..TASKS + 4).contains(&all), "{all}");
    assert!(results(&study.out) == study.expected);
}

/// Slurm of this machine alone, under the user who runs the test; it ends with the value.
struct Slurm {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Slurm {
    fn start() -> Self {
        // Short, for a socket has a name of a hundred characters at most.
        let folder = std::env::temp_dir().join(format!("isac-slurm-{}", std::process::id()));
        for name in ["state", "spool"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
        let key: Vec<u8> = (0..1024_u32).map(|i| (i * 197 % 251) as u8).collect();
        fs::write(at("key"), key).unwrap();
        ok(Command::new("chmod").args(["400", &at("key")]));
        let user = ok(Command::new("id").arg("-un"));
        let host = ok(Command::new("hostname").arg("-s"));
        let (user, host) = (user.trim(), host.trim());
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = free.map(|listener| listener.local_addr().unwrap().port());
        let cores = std::thread::available_parallelism().unwrap();
        let own = folder.display();
        let configuration = format!(
            "ClusterName=isac\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser={user}\nSlurmdUser={user}\n\
             AuthInfo=socket={own}/munge,cred_expire=5\nProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
             AccountingStorageType=accounting_storage/none\nMpiDefault=none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nReturnToService=2\nKillWait=2\n\
             SlurmctldPort={}\nSlurmdPort={}\nStateSaveLocation={own}/state\n\
             SlurmdSpoolDir={own}/spool\nSlurmctldPidFile={own}/slurmctld.pid\n\
             SlurmdPidFile={own}/slurmd.pid\nNodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN\n\
             PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n",
            ports[0], ports[1],
        );
        fs::write(at("slurm.conf"), configuration).unwrap();
        let mut slurm = Self {
            folder: folder.clone(),
            daemons: Vec::new(),
        };
        slurm.daemon(
            "munged",
            &[
                "--foreground",
                "--force",
                &format!("--key-file={}", at("key")),
                &format!("--socket={}", at("munge")),
                &format!("--pid-file={}", at("munged.pid")),
                &format!("--log-file={}", at("munged.log")),
                &format!("--seed-file={}", at("seed")),
            ],
        );
        wait("munged", || folder.join("munge").exists());
        slurm.daemon("slurmctld", &["-D"]);
        slurm.daemon("slurmd", &["-D"]);
        wait("a node that is idle", || {
            let ran = slurm
                .command("sinfo")
                .args(["-h", "-o", "%T"])
                .output()
                .unwrap();
            ran.stdout.starts_with(b"idle")
        });
        slurm
    }

    /// A program of Slurm, also where only the administrator has it on the path.
    fn command(&self, program: &str) -> Command {
        let admin = Path::new("/usr/sbin").join(program);
        let mut command = match admin.is_file() {
            true => Command::new(admin),
            false => Command::new(program),
        };
        command.env("SLURM_CONF", self.folder.join("slurm.conf"));
        command
    }

    fn daemon(&mut self, program: &str, words: &[&str]) {
        let log = fs::File::create(self.folder.join(program).with_extension("out")).unwrap();
        let mut command = self.command(program);
        command.args(words).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.daemons.push(command.spawn().unwrap());
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["munged.out", "slurmctld.out", "slurmd.out"] {
                let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
                eprintln!("{name}:\n{text}");
            }
            let _ = self
                .command("scancel")
                .args(["--name", "isac-sweep"])
                .status();
        }
        // Node, controller, keys.
        while let Some(mut daemon) = self.daemons.pop() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
#[ignore = "needs munged, slurmctld and slurmd"]
fn outside_slurm_runs_an_array_and_a_task_that_it_sends_back() {
    let study = Study::new("slurm");
    let slurm = Slurm::start();
    let mut submit = study.submit("slurm");
    let said = ok(submit.env("SLURM_CONF", slurm.folder.join("slurm.conf")));
    let job: usize = said
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap();
    wait("a task at work", || study.records("1-of-4.") > 20);
    ok(slurm
        .command("scontrol")
        .args(["requeue", &format!("{job}_1")]));
    wait("the end of the array", || {
        ok(slurm.command("squeue").args(["-h", "-r"])).is_empty()
    });
    let log = fs::read_to_string(study.out.join(format!("log/slurm-{job}_1.out"))).unwrap();
    assert!(log.contains("tasks were finished before"), "{log}");
    let all = study.records("");
    assert!((TASKS..TASKS + 2).contains(&all), "{all}");
    let out = study.out.to_str().unwrap();
    ok(&mut process(&["sweep", "merge", &study.plan, "--out", out]));
    assert!(results(&study.out) == study.expected);
    assert!(study.folder.join("out/submit.sh").is_file());
}
