//! A pure function of a number, run for many numbers on several threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::error::Error;
use crate::run::Control;

/// `work` of every number on the threads of `control`, in the order of the numbers, which does not depend
/// on the threads. `on_progress` sees how many are done, about three times a second.
///
/// # Errors
/// [`Error::Cancelled`]; nothing is kept. A panic of `work` counts as one: catch it inside.
pub fn spread<T: Send + 'static>(
    numbers: std::ops::Range<u64>,
    control: &Control,
    work: impl Fn(u64) -> T + Send + Sync + 'static,
    mut on_progress: impl FnMut(usize),
) -> Result<Vec<T>, Error> {
    let total = usize::try_from(numbers.end.saturating_sub(numbers.start)).unwrap_or(usize::MAX);
    let next = Arc::new(AtomicU64::new(numbers.start));
    let work = Arc::new(work);
    let (sender, receiver) = mpsc::channel();
    for _ in 0..control.threads.max(1).min(total) {
        let (next, cancel, sender) = (next.clone(), control.cancel.clone(), sender.clone());
        let work = Arc::clone(&work);
        std::thread::spawn(move || {
            while !cancel.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end || sender.send((number, work(number))).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    let mut done: BTreeMap<u64, T> = BTreeMap::new();
    let mut shown = 0;
    loop {
        match receiver.recv_timeout(Duration::from_millis(300)) {
            Ok((number, value)) => {
                done.insert(number, value);
                if done.len() < shown + total.div_ceil(100) {
                    continue;
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if control.cancel.load(Ordering::Relaxed) {
            break;
        }
        shown = done.len();
        on_progress(shown);
    }
    if done.len() < total {
        return Err(Error::Cancelled);
    }
    Ok(done.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_the_order_of_the_numbers() {
        for threads in [1, 3] {
            let control = Control {
                threads,
                ..Control::default()
            };
            let squares = spread(3..9, &control, |n| n * n, |_| ()).unwrap();
            assert_eq!(squares, [9, 16, 25, 36, 49, 64]);
            let none = spread(3..3, &control, |n| n, |_| ()).unwrap();
            assert!(none.is_empty());
        }
    }

    #[test]
    fn a_cancelled_run_is_an_error() {
        let control = Control::default();
        control.cancel.store(true, Ordering::Relaxed);
        let error = spread(0..20, &control, |n| n, |_| ()).unwrap_err();
        assert_eq!(error.exit_code(), 130);
    }
}
