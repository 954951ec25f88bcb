//! The Monte Carlo run: tasks on several threads, finished ones kept, an orderly stop.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artefact::Task;
use crate::clock;
use crate::error::Error;
use crate::records::{Record, Records, TaskOutput};

/// How a run is carried out; none of it changes the results.
#[derive(Debug, Clone)]
pub struct Control {
    /// Threads, at least 1.
    pub threads: usize,
    /// Set from outside (Ctrl-C) to stop the run after the tasks in hand.
    pub cancel: Arc<AtomicBool>,
}

impl Default for Control {
    /// As many threads as the machine has cores; never cancelled.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            cancel: Arc::new(AtomicBool::new(false)),
        }
    }
}

/// A finished task as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The task.
    pub id: String,
    /// Wall time.
    pub seconds: f64,
    /// What it found; the text of the breakdown otherwise.
    pub result: Result<TaskOutput, String>,
}

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Standing {
    /// Realisations done, those taken over from an interrupted run included. Each algorithm's are
    /// counted.
    pub done: usize,
    /// Realisations of the run.
    pub total: usize,
    /// Time left in seconds; `None` before the first is done.
    pub seconds_left: Option<f64>,
    /// Per curve, in the order of the plan.
    pub curves: Vec<CurveStanding>,
}

/// Where a curve stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CurveStanding {
    /// Name of the curve.
    pub curve: String,
    /// Realisations done.
    pub done: usize,
    /// Realisations of the curve.
    pub total: usize,
    /// Realisations without an answer somewhere, those of broken tasks included.
    pub failed: usize,
    /// Others that stopped somewhere without converging.
    pub unconverged: usize,
}

/// Estimated wall time of tasks on so many threads, in seconds: their work shared out, but no less
/// than the longest of them.
pub fn estimate<'a>(tasks: impl IntoIterator<Item = &'a Task>, threads: usize) -> f64 {
    let (mut sum, mut longest) = (0.0, 0.0_f64);
    for task in tasks {
        sum += task.seconds;
        longest = longest.max(task.seconds);
    }
    longest.max(sum / threads.max(1) as f64)
}

/// Runs all tasks that `kept` does not hold yet and returns the records in task order.
///
/// `on_done` sees every newly finished task (to keep it on disk) and `on_progress` the standing
/// after each and about three times a second.
///
/// # Errors
/// [`Error::Interrupted`] if cancelled, and errors of `on_done`.
pub fn execute(
    tasks: &Arc<Vec<Task>>,
    kept: Vec<Finished>,
    control: &Control,
    mut on_done: impl FnMut(&Finished) -> Result<(), Error>,
    on_progress: impl FnMut(&Standing),
) -> Result<Records, Error> {
    let mut slots: Vec<Option<Finished>> = Vec::new();
    slots.resize_with(tasks.len(), || None);
    {
        let index: HashMap<&str, usize> = (tasks.iter().enumerate())
            .map(|(i, task)| (task.id.as_str(), i))
            .collect();
        for finished in kept {
            if let Some(i) = index.get(finished.id.as_str()) {
                slots[*i] = Some(finished);
            }
        }
    }
    let mut progress = Progress::new(tasks.iter());
    for (task, slot) in tasks.iter().zip(&slots) {
        if let Some(finished) = slot {
            progress.count(task, finished, false);
        }
    }
    let open: Vec<usize> = (0..slots.len()).filter(|i| slots[*i].is_none()).collect();
    let keep = |i: usize, finished: Finished| {
        on_done(&finished)?;
        slots[i] = Some(finished);
        Ok(())
    };
    work(tasks, open, progress, control, None, keep, on_progress)?;
    Ok(gather(slots.into_iter().flatten()))
}

/// Runs the tasks `open`. `limit` is the time after which no further one is begun.
///
/// # Errors
/// [`Error::Interrupted`] if cancelled or the time was over with tasks left, and errors of `on_done`.
pub(crate) fn work(
    tasks: &Arc<Vec<Task>>,
    open: Vec<usize>,
    mut progress: Progress,
    control: &Control,
    limit: Option<Duration>,
    mut on_done: impl FnMut(usize, Finished) -> Result<(), Error>,
    mut on_progress: impl FnMut(&Standing),
) -> Result<(), Error> {
    on_progress(&progress.standing);
    let mut left = open.len();
    let open = Arc::new(open);
    let next = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    // Bounded, so that a slow disk holds the workers back and not the memory.
    let (sender, receiver) = mpsc::sync_channel(1024);
    for _ in 0..control.threads.max(1).min(open.len()) {
        let (tasks, open, next) = (tasks.clone(), open.clone(), next.clone());
        let (stop, cancel, sender) = (stop.clone(), control.cancel.clone(), sender.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) && !cancel.load(Ordering::Relaxed) {
                let Some(i) = open.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                if sender.send((*i, attempt(&tasks[*i]))).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);

    let started = clock::now();
    let mut cancelled_at = None;
    let outcome = loop {
        match receiver.recv_timeout(Duration::from_millis(300)) {
            Ok((i, finished)) => {
                progress.count(&tasks[i], &finished, true);
                if let Err(error) = on_done(i, finished) {
                    break Err(error);
                }
                left -= 1;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(()),
        }
        progress.foresee(started.elapsed().as_secs_f64());
        on_progress(&progress.standing);
        if limit.is_some_and(|limit| started.elapsed() >= limit) {
            // Tasks in hand are waited for.
            stop.store(true, Ordering::Relaxed);
        }
        if control.cancel.load(Ordering::Relaxed) {
            // Tasks in hand get a moment to finish; longer ones are given up.
            let since = *cancelled_at.get_or_insert_with(clock::now);
            if since.elapsed() > Duration::from_secs(2) {
                break Ok(());
            }
        }
    };
    stop.store(true, Ordering::Relaxed);
    outcome?;
    if left > 0 {
        let Standing { done, total, .. } = progress.standing;
        return Err(Error::Interrupted { done, total });
    }
    Ok(())
}

/// Runs a task; a panic is a breakdown too.
fn attempt(task: &Task) -> Finished {
    let (result, seconds) = clock::timed(|| catch_unwind(AssertUnwindSafe(|| (task.run)())));
    let result = match result {
        Ok(Ok(mut output)) => {
            let share = seconds / output.records.len().max(1) as f64;
            for record in &mut output.records {
                record.seconds.get_or_insert(share);
            }
            Ok(output)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic_text(panic.as_ref())),
    };
    Finished {
        id: task.id.clone(),
        seconds,
        result,
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("broke down: {}", text.unwrap_or("unknown reason"))
}

/// Records of tasks in the order given.
pub(crate) fn gather(finished: impl Iterator<Item = Finished>) -> Records {
    let mut records = Records::default();
    records
        .rows
        .reserve_exact(finished.size_hint().1.unwrap_or(0));
    for task in finished {
        match task.result {
            Ok(output) => {
                records.rows.extend(output.records);
                if !output.data.is_null() {
                    records.data.insert(task.id, output.data);
                }
            }
            Err(text) => records.broken.push((task.id, text)),
        }
    }
    records
}

/// Counts and foresees.
pub(crate) struct Progress {
    standing: Standing,
    work_done: f64,
    work_left: f64,
}

impl Progress {
    /// Of a run of these tasks, none of them done.
    pub(crate) fn new<'a>(tasks: impl Iterator<Item = &'a Task>) -> Self {
        let mut progress = Self {
            standing: Standing::default(),
            work_done: 0.0,
            work_left: 0.0,
        };
        for task in tasks {
            let standing = &mut progress.standing;
            standing.total += task.realizations;
            progress.work_left += weight(task);
            match standing.curves.iter_mut().find(|c| c.curve == task.curve) {
                Some(curve) => curve.total += task.realizations,
                None => standing.curves.push(CurveStanding {
                    curve: task.curve.clone(),
                    total: task.realizations,
                    ..CurveStanding::default()
                }),
            }
        }
        progress
    }

    /// Counts a finished task, done `now` or taken up.
    pub(crate) fn count(&mut self, task: &Task, finished: &Finished, now: bool) {
        self.standing.done += task.realizations;
        self.work_left -= weight(task);
        if now {
            self.work_done += weight(task);
        }
        if let Some(curve) = self
            .standing
            .curves
            .iter_mut()
            .find(|c| c.curve == task.curve)
        {
            curve.done += task.realizations;
            match &finished.result {
                Ok(output) => {
                    // Several records may belong to one realisation: one per x, say.
                    let of = |keep: fn(&Record) -> bool| -> BTreeSet<usize> {
                        let rows = output.records.iter().filter(|r| keep(r));
                        rows.map(|r| r.realization).collect()
                    };
                    let failed = of(|r| r.failed);
                    let open = of(|r| !r.failed && !r.converged);
                    curve.failed += failed.len();
                    curve.unconverged += open.difference(&failed).count();
                }
                Err(_) => curve.failed += task.realizations,
            }
        }
    }

    fn foresee(&mut self, elapsed: f64) {
        self.standing.seconds_left =
            (self.work_done > 0.0).then(|| elapsed * self.work_left.max(0.0) / self.work_done);
    }
}

fn weight(task: &Task) -> f64 {
    task.seconds.max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks(n: usize) -> Arc<Vec<Task>> {
        let task = |i: usize| {
            Task::records(format!("t{i}"), "c", 1.0, move || {
                Ok(vec![Record::exact("a", i as f64, 0, vec![i as f64 / 3.0])])
            })
        };
        Arc::new((0..n).map(task).collect())
    }

    fn rows(threads: usize, n: usize) -> Vec<f64> {
        let control = Control {
            threads,
            ..Control::default()
        };
        let records = execute(&tasks(n), Vec::new(), &control, |_| Ok(()), |_| ()).unwrap();
        records.rows.iter().map(|r| r.metrics[0]).collect()
    }

    #[test]
    fn order_does_not_depend_on_threads() {
        assert_eq!(rows(1, 40), rows(3, 40));
        assert!(rows(2, 0).is_empty());
    }

    #[test]
    fn breakdowns_and_panics_are_counted_not_lost() {
        let list = Arc::new(vec![
            Task::records("bad", "c", 1.0, || Err("no answer".into())),
            Task::records("worse", "c", 1.0, || panic!("index 7")),
            Task::records("good", "d", 1.0, || Ok(vec![])),
        ]);
        let mut last = Standing::default();
        let control = Control::default();
        let records = execute(
            &list,
            Vec::new(),
            &control,
            |_| Ok(()),
            |s| last = s.clone(),
        )
        .unwrap();
        assert_eq!(records.broken.len(), 2);
        assert_eq!(records.broken[0], ("bad".into(), "no answer".into()));
        assert!(records.broken[1].1.contains("index 7"));
        assert_eq!(
            (last.done, last.curves[0].failed, last.curves[1].failed),
            (3, 2, 0)
        );
    }

    #[test]
    fn progress_counts_realisations_not_tasks_or_records() {
        let chunk = |first: usize, curve: &str| {
            let run = move || {
                let rows = (first..first + 3).flat_map(|r| {
                    [1.0, 2.0].map(|x| match r {
                        1 => Record::failed("a", x, r, "no answer"),
                        _ => Record {
                            converged: r != 4,
                            ..Record::exact("a", x, r, vec![0.0])
                        },
                    })
                });
                Ok(rows.collect())
            };
            Task::records(format!("i{first}"), curve, 1.0, run).covering(3)
        };
        let broken = Task::records("broken", "c", 1.0, || Err("none".into())).covering(2);
        let single = Task::records("single", "d", 1.0, || Ok(vec![]));
        let list = Arc::new(vec![chunk(0, "c"), chunk(3, "c"), broken, single]);
        let mut seen = Vec::new();
        let control = Control {
            threads: 1,
            ..Control::default()
        };
        execute(
            &list,
            Vec::new(),
            &control,
            |_| Ok(()),
            |s| seen.push(s.clone()),
        )
        .unwrap();
        assert!(seen.iter().all(|s| s.total == 9));
        let mut counts: Vec<usize> = seen.iter().map(|s| s.done).collect();
        counts.dedup();
        assert_eq!(counts, [0, 3, 6, 8, 9]);
        let curve = &seen.last().unwrap().curves[0];
        assert_eq!((curve.done, curve.total), (8, 8));
        assert_eq!((curve.failed, curve.unconverged), (1 + 2, 1));
    }

    #[test]
    fn kept_tasks_are_not_run_again() {
        let list = Arc::new(vec![
            Task::records("kept", "c", 1.0, || Err("ran again".into())),
            Task::records("open", "c", 1.0, || Ok(vec![])),
        ]);
        let kept = vec![Finished {
            id: "kept".into(),
            seconds: 1.0,
            result: Ok(TaskOutput {
                records: vec![],
                data: serde_json::json!([1]),
            }),
        }];
        let records = execute(&list, kept, &Control::default(), |_| Ok(()), |_| ()).unwrap();
        assert!(records.broken.is_empty());
        assert_eq!(records.data["kept"], serde_json::json!([1]));
    }

    #[test]
    fn a_cancelled_run_says_so_and_keeps_what_is_done() {
        let control = Control {
            threads: 1,
            ..Control::default()
        };
        let mut seen = 0;
        let error = execute(
            &tasks(1000),
            Vec::new(),
            &control,
            |_| {
                seen += 1;
                if seen == 3 {
                    control.cancel.store(true, Ordering::Relaxed);
                }
                Ok(())
            },
            |_| (),
        );
        // The one thread may have finished all of these instant tasks before it saw the flag.
        if let Err(error) = error {
            assert_eq!(error.exit_code(), 130);
            assert!(matches!(error, Error::Interrupted { done, total: 1000 } if done >= 3));
        }
    }

    #[test]
    fn the_estimate_is_shared_work_or_the_longest_task() {
        let list = tasks(10);
        assert!((estimate(list.iter(), 2) - 5.0).abs() < 1e-12);
        assert!((estimate(list.iter(), 100) - 1.0).abs() < 1e-12);
    }
}
