//! Which part of a plan a process does, and for how long.

use std::time::Duration;

use crate::error::Error;

/// One of several parts: every task whose number leaves the same remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

impl Shard {
    /// All there is.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Whether it has a task.
    pub fn has(self, task: usize) -> bool {
        task % self.of == self.index - 1
    }

    /// Reads `I/N`, `auto` or `auto/N`. `auto` takes I from the first of [`COUNTERS`] that
    /// `environment` has, and N from the array of Slurm or from `planned`.
    ///
    /// # Errors
    /// [`Error::Usage`]: anything else, I beyond N, no counter, no N.
    pub fn parse(
        text: &str,
        planned: Option<usize>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Usage(format!("--shard {text}: {why}"));
        let number = |text: &str| {
            text.parse::<usize>()
                .ok()
                .filter(|n| (1..=MOST).contains(n))
        };
        let (index, of) = text
            .split_once('/')
            .map_or((text, None), |(i, n)| (i, Some(n)));
        let of = of
            .map(|n| number(n).ok_or_else(|| wrong("expected I/N with 1 <= I <= N <= 1000000")))
            .transpose()?;
        let (index, of) = if index == "auto" {
            let (index, counted) = counter(environment)?;
            let missing = "how many shards are there? Write auto/N, or plan with --shards N";
            let of = of.or(counted).or(planned);
            (index, of.ok_or_else(|| wrong(missing))?)
        } else {
            let index = number(index);
            let expected = "expected I/N with 1 <= I <= N, `auto` or `auto/N`";
            index.zip(of).ok_or_else(|| wrong(expected))?
        };
        if index > of {
            return Err(wrong(&format!("shard {index} is beyond {of}")));
        }
        Ok(Self { index, of })
    }
}

/// The most shards.
const MOST: usize = 1_000_000;

/// Variables that engines count the tasks of an array with, in the order in which they are looked for,
/// and the number that the first task has.
pub const COUNTERS: [(&str, usize); 4] = [
    ("HQ_TASK_ID", 1),
    ("SLURM_ARRAY_TASK_ID", 1),
    ("JOB_COMPLETION_INDEX", 0),
    ("PARALLEL_SEQ", 1),
];

/// The number of this task from 1, and how many there are where the engine says so.
fn counter(environment: &dyn Fn(&str) -> Option<String>) -> Result<(usize, Option<usize>), Error> {
    let found = COUNTERS
        .iter()
        .find_map(|(name, first)| Some((*name, *first, environment(name)?)));
    let Some((name, mut first, text)) = found else {
        let names = COUNTERS.map(|(name, _)| name).join(", ");
        return Err(Error::Usage(format!(
            "--shard auto: none of {names} is set"
        )));
    };
    let number = |name: &str| environment(name).and_then(|t| t.trim().parse::<usize>().ok());
    let mut of = None;
    let mut step = 1;
    if name == "SLURM_ARRAY_TASK_ID" {
        first = number("SLURM_ARRAY_TASK_MIN").unwrap_or(first);
        step = number("SLURM_ARRAY_TASK_STEP")
            .filter(|s| *s > 0)
            .unwrap_or(1);
        of = number("SLURM_ARRAY_TASK_MAX")
            .and_then(|last| Some(last.checked_sub(first)? / step + 1));
    }
    let place = text
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|n| n.checked_sub(first));
    let place = place.ok_or_else(|| {
        Error::Usage(format!("{name}={text}: expected a whole number >= {first}"))
    })?;
    Ok((place / step + 1, of))
}

/// Reads a time such as `55min`, `1h30min`, `90s` or `90` (seconds).
///
/// # Errors
/// A text that says what was expected.
pub fn time(text: &str) -> Result<Duration, String> {
    let expected = || format!("got `{text}`, expected a time such as 90s, 55min or 1h30min");
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return Err(expected());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let factor = match unit {
            "" | "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(expected()),
        };
        let number: f64 = number.trim().parse().map_err(|_| expected())?;
        seconds += factor * number;
        rest = tail.trim_start();
    }
    if seconds > 0.0 && seconds <= 1e9 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(expected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        text: &str,
        planned: Option<usize>,
        set: &[(&str, &str)],
    ) -> Result<(usize, usize), Error> {
        let get = |name: &str| {
            let found = set.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| value.to_string())
        };
        Shard::parse(text, planned, &get).map(|s| (s.index, s.of))
    }

    #[test]
    fn shards_by_number_and_by_engine() {
        assert_eq!(parse("3/7", None, &[]).unwrap(), (3, 7));
        assert_eq!(
            parse("auto/7", None, &[("HQ_TASK_ID", "7")]).unwrap(),
            (7, 7)
        );
        assert_eq!(
            parse("auto", Some(4), &[("JOB_COMPLETION_INDEX", "0")]).unwrap(),
            (1, 4)
        );
        assert_eq!(
            parse("auto", Some(4), &[("PARALLEL_SEQ", "2")]).unwrap(),
            (2, 4)
        );
        let slurm = |id, min, max, step| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_STEP", step),
            ]
        };
        assert_eq!(
            parse("auto", None, &slurm("0", "0", "6", "1")).unwrap(),
            (1, 7)
        );
        assert_eq!(
            parse("auto", None, &slurm("5", "1", "7", "2")).unwrap(),
            (3, 4)
        );
        // HyperQueue inside a job of Slurm.
        let both = [("SLURM_ARRAY_TASK_ID", "9"), ("HQ_TASK_ID", "2")];
        assert_eq!(parse("auto/3", None, &both).unwrap(), (2, 3));
    }

    #[test]
    fn shards_that_do_not_exist_are_refused() {
        let one = [("PARALLEL_SEQ", "5")];
        for (text, part) in [
            ("8/7", "shard 8 is beyond 7"),
            ("0/7", "1 <= I"),
            ("3", "expected I/N"),
            ("a/b", "expected I/N"),
            ("1/0", "expected I/N"),
            ("auto/4", "shard 5 is beyond 4"),
            ("auto", "how many shards"),
        ] {
            let error = parse(text, None, &one).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        assert!(
            parse("auto/4", None, &[])
                .unwrap_err()
                .to_string()
                .contains("HQ_TASK_ID")
        );
        let zero = [("HQ_TASK_ID", "0")];
        assert!(
            parse("auto/4", None, &zero)
                .unwrap_err()
                .to_string()
                .contains("HQ_TASK_ID=0")
        );
    }

    #[test]
    fn every_task_belongs_to_one_shard() {
        for of in [1, 2, 7, 64] {
            for task in 0..100 {
                let shards = (1..=of).filter(|&index| Shard { index, of }.has(task));
                assert_eq!(shards.count(), 1);
            }
        }
    }

    #[test]
    fn times_by_hand() {
        for (text, seconds) in [
            ("55min", 3300.0),
            ("1h30min", 5400.0),
            ("90", 90.0),
            ("0.5s", 0.5),
        ] {
            assert!(
                (time(text).unwrap().as_secs_f64() - seconds).abs() < 1e-9,
                "{text}"
            );
        }
        for text in ["", "min", "5 parsecs", "-3s", "0s", "nan", "1e99h"] {
            assert!(time(text).unwrap_err().contains("55min"), "{text}");
        }
    }
}
