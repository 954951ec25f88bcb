//! Solves SDPA sparse files: `cargo run --release --example sdpa FILE...`.

use std::{fs::File, io::BufReader, time::Instant};

use isac_conic::{Options, Outcome, sdpa};

#[expect(clippy::print_stdout, reason = "a program that reports")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in std::env::args().skip(1) {
        let problem = sdpa::read(BufReader::new(File::open(&file)?))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the example times the call from outside"
        )]
        let start = Instant::now();
        let outcome = problem.solve(&Options::default())?;
        let seconds = start.elapsed().as_secs_f64();
        let last = match &outcome {
            Outcome::Unknown(unknown) => unknown.last.as_deref(),
            other => other.solution(),
        };
        print!("{file} {} {seconds:.3}s", outcome.name());
        if let Some(solution) = last {
            let errors = sdpa::dimacs_errors(solution).map(|e| format!("{e:.1e}"));
            let (value, its) = (solution.objective, solution.iterations);
            print!(" {value:.9e} {its} {}", errors.join(" "));
        }
        println!();
    }
    Ok(())
}
