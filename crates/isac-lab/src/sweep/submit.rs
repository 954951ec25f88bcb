//! The calls that hand a plan to an engine: an array job whose tasks are the shards.

use std::path::Path;
use std::time::Duration;

/// What is to be handed over.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The program `isac`.
    pub program: &'a Path,
    /// The plan.
    pub plan: &'a Path,
    /// The folder of results.
    pub out: &'a Path,
    /// How many shards.
    pub shards: usize,
    /// Cores of a shard.
    pub threads: usize,
    /// Time of a shard, if it is limited.
    pub limit: Option<Duration>,
}

impl Submission<'_> {
    /// Words of `isac sweep run` for a shard: `I/N`, or `auto/N`.
    pub fn words(&self, shard: &str) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let mut words = vec![
            text(self.program),
            "sweep".into(),
            "run".into(),
            text(self.plan),
        ];
        let threads = self.threads.to_string();
        let more = [
            "--out",
            &text(self.out),
            "--shard",
            shard,
            "--threads",
            &threads,
        ];
        words.extend(more.map(String::from));
        if let Some(limit) = self.limit {
            words.extend(["--for".into(), format!("{}s", limit.as_secs())]);
        }
        words
    }

    /// The words of `hq submit --array`.
    pub fn hyperqueue(&self) -> Vec<String> {
        let mut words: Vec<String> = ["hq", "submit", "--name", "isac-sweep"]
            .map(String::from)
            .into();
        words.extend(["--array".into(), format!("1-{}", self.shards)]);
        words.extend(["--cpus".into(), self.threads.to_string()]);
        // A worker that dies is no fault of the task.
        words.extend(["--crash-limit", "10"].map(String::from));
        let log = self.out.join("log");
        for (option, end) in [("--stdout", "out"), ("--stderr", "err")] {
            let file = log.join(format!("hq-%{{JOB_ID}}-%{{TASK_ID}}.{end}"));
            words.extend([option.into(), file.display().to_string()]);
        }
        words.push("--".into());
        words.extend(self.words(&format!("auto/{}", self.shards)));
        words
    }

    /// The script for `sbatch`. A task that is pre-empted comes back and takes itself up; one that
    /// reaches its time is told a minute before and keeps what is finished.
    pub fn slurm(&self) -> String {
        let log = self.out.join("log").join("slurm-%A_%a.out");
        let time = self.limit.map_or(String::new(), |limit| {
            // What is begun at the end of the time may need some more.
            let minutes = limit.as_secs() / 60 + 5;
            format!("#SBATCH --time={minutes}\n")
        });
        let words = self.words(&format!("auto/{}", self.shards));
        let call: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        format!(
            "#!/bin/sh\n#SBATCH --job-name=isac-sweep\n#SBATCH --array=1-{}\n#SBATCH --ntasks=1\n\
             #SBATCH --cpus-per-task={}\n#SBATCH --requeue\n#SBATCH --open-mode=append\n\
             #SBATCH --signal=B:TERM@60\n#SBATCH --output={}\n{time}exec {}\n",
            self.shards,
            self.threads,
            quoted_if_needed(&log),
            call.join(" ")
        )
    }
}

/// A word for a shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=%:+,@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A path in a line of `#SBATCH`, which takes double quotes.
fn quoted_if_needed(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_whitespace) {
        format!("\"{text}\"")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission() -> Submission<'static> {
        Submission {
            program: Path::new("/opt/isac"),
            plan: Path::new("/data/my plan.json"),
            out: Path::new("/data/out"),
            shards: 7,
            threads: 2,
            limit: Some(Duration::from_secs(3300)),
        }
    }

    #[test]
    fn slurm_gets_an_array_that_finds_its_shard_itself() {
        let script = submission().slurm();
        let lines: Vec<&str> = script.lines().collect();
        assert_eq!(lines[0], "#!/bin/sh");
        for line in [
            "#SBATCH --array=1-7",
            "#SBATCH --cpus-per-task=2",
            "#SBATCH --requeue",
            "#SBATCH --output=/data/out/log/slurm-%A_%a.out",
            "#SBATCH --time=60",
        ] {
            assert!(lines.contains(&line), "{line}\n{script}");
        }
        let call = "exec /opt/isac sweep run '/data/my plan.json' --out /data/out --shard auto/7 \
                    --threads 2 --for 3300s";
        assert_eq!(lines.last(), Some(&call));
        // Directives stand before the first command, or Slurm does not see them.
        let first = lines
            .iter()
            .position(|line| line.starts_with("exec"))
            .unwrap();
        assert!(
            lines[1..first]
                .iter()
                .all(|line| line.starts_with("#SBATCH "))
        );
    }

    #[test]
    fn hyperqueue_gets_an_array_of_as_many_tasks() {
        let words = submission().hyperqueue();
        let text = words.join(" ");
        assert!(text.starts_with("hq submit "), "{text}");
        assert!(text.contains(" --array 1-7 --cpus 2 "), "{text}");
        let at = words.iter().position(|word| word == "--").unwrap();
        assert_eq!(words[at + 1..], submission().words("auto/7"));
    }

    #[test]
    fn words_survive_a_shell() {
        for word in ["plain", "two words", "it's", "", "$HOME", "a;b", "*", "ü"] {
            let script = format!("printf %s {}", quoted(word));
            let out = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }
}
