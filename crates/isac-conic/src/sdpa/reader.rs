//! The reader of the SDPA sparse format, as CSDP and SDPA read it.
//!
//! A file is comments, then the number of variables and the number of blocks (a line each, what
//! follows the number is a remark), the block sizes, the objective, and entries of five numbers. Block
//! sizes, objective and entries are free streams of numbers: line breaks mean nothing, commas, braces
//! and parentheses are blanks. What the two programs read differently, or drop without a word, is
//! refused: entries stated twice or in both triangles, a text among numbers with more numbers behind
//! it, sections such as `*INTEGER`.

use std::io::{BufRead, Read};

use super::{BlockKind, Problem, ReadError};

/// The longest line that is read, bytes.
const LONGEST_LINE: u64 = 1 << 30;

/// Bytes that a solve holds per entry of a dense symmetric block: 180 at the orders 300 and 600 (peak of
/// the process less that of a tiny problem), rounded up.
const BYTES_PER_ENTRY: f64 = 240.0;

/// Bytes that a solve holds per entry of a diagonal block.
const BYTES_PER_ROW: f64 = 1000.0;

/// Bytes per entry of the linear system, which has a row and a column per variable: 16 with 300 of
/// them, doubled for its factors.
const BYTES_PER_PAIR: f64 = 32.0;

fn fail(line: usize, what: &str, expected: impl Into<String>, got: &str) -> ReadError {
    ReadError {
        line,
        what: what.into(),
        expected: expected.into(),
        got: got.chars().take(60).collect(),
    }
}

/// Separators that files use around numbers.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '(' | ')' | '{' | '}')
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator).filter(|token| !token.is_empty())
}

/// Whether a token starts as a number does, or is one that is not finite.
fn numeric(token: &str) -> bool {
    let unsigned = token.trim_start_matches(['+', '-']);
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit()) || unsigned.parse::<f64>().is_ok()
}

/// A finite number, also with the `D` of a Fortran exponent.
fn real(line: usize, what: &str, token: &str) -> Result<f64, ReadError> {
    match token.replace(['d', 'D'], "e").parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(fail(line, what, "a finite number", token)),
    }
}

/// The integer that a token of the head starts with; `2=mdim` is 2, `2.5` and `2e3` are none.
fn leading_integer(token: &str) -> Option<i64> {
    let signs = usize::from(token.starts_with(['+', '-']));
    let digits = token[signs..].bytes().take_while(u8::is_ascii_digit);
    let (number, rest) = token.split_at(signs + digits.count());
    let mut rest = rest.chars();
    let fraction = match rest.next() {
        Some('.') => true,
        Some('e' | 'E' | 'd' | 'D') => rest
            .next()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '+' | '-')),
        _ => false,
    };
    if fraction { None } else { number.parse().ok() }
}

/// The section that a line names, such as `INTEGER`: one of those of mixed-integer files wherever it
/// stands, or, after the head, any single word glued to the star.
fn section(text: &str, in_head: bool) -> Option<&str> {
    let rest = text.trim().strip_prefix('*')?;
    let word = rest.split_whitespace().next()?;
    let single = rest.trim_start() == word;
    let glued = rest.starts_with(word);
    let known = ["INTEGER", "RANK1"].contains(&word.to_uppercase().as_str());
    let named = known && (single || glued) || single && glued && !in_head;
    named.then_some(word)
}

/// Lines that are neither comments nor empty, with their numbers.
struct Lines<R> {
    reader: R,
    line: usize,
    in_head: bool,
    text: String,
}

impl<R: BufRead> Lines<R> {
    /// The next line as it stands, whatever the encoding of its comments; false at the end of the
    /// file.
    fn raw(&mut self) -> Result<bool, ReadError> {
        self.line += 1;
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut bytes);
        let read = read.map_err(|e| fail(self.line, "file", "readable bytes", &e.to_string()))?;
        if read as u64 == LONGEST_LINE {
            let expected = format!("a line break within {LONGEST_LINE} bytes");
            return Err(fail(self.line, "file", expected, "none"));
        }
        self.text = String::from_utf8_lossy(&bytes).into_owned();
        if self.line == 1
            && let Some(rest) = self.text.strip_prefix('\u{feff}')
        {
            self.text = rest.into();
        }
        Ok(read > 0)
    }

    /// Moves to the next line with content; false at the end of the file.
    fn advance(&mut self) -> Result<bool, ReadError> {
        while self.raw()? {
            if let Some(name) = section(&self.text, self.in_head) {
                let expected = "no sections: integer and rank constraints are not supported (a comment \
                                has a blank after `*`)";
                return Err(fail(self.line, "section", expected, &format!("*{name}")));
            }
            if !self.text.trim_start().starts_with(['"', '*']) && !self.text.trim().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn need(&mut self, what: &str, expected: &str) -> Result<(), ReadError> {
        if self.advance()? {
            return Ok(());
        }
        Err(fail(self.line, what, expected, "end of file"))
    }

    /// A positive integer on a line of its own; what follows is a remark.
    fn count(&mut self, what: &str) -> Result<usize, ReadError> {
        self.need(what, "a positive integer")?;
        let mut tokens = tokens(&self.text);
        let token = tokens.next().unwrap_or("");
        if token.parse::<i64>().is_ok() && tokens.next().is_some_and(numeric) {
            let expected = "one number and at most a remark";
            return Err(fail(self.line, what, expected, self.text.trim()));
        }
        let value = leading_integer(token).and_then(|n| usize::try_from(n).ok());
        value
            .filter(|n| *n > 0)
            .ok_or_else(|| fail(self.line, what, "a positive integer", token))
    }

    /// The numbers of the line. A remark may stand behind them if it has none of its own and
    /// `complete` says that so many numbers end something.
    fn numbers(
        &self,
        what: &str,
        complete: impl Fn(usize) -> bool,
    ) -> Result<Vec<&str>, ReadError> {
        let all: Vec<&str> = tokens(&self.text).collect();
        let count = all.iter().take_while(|token| numeric(token)).count();
        let hidden = all[count..].iter().any(|token| numeric(token));
        let remark = count < all.len();
        if count == 0 || hidden || remark && !complete(count) {
            let expected = "numbers, and a remark without numbers at most behind the last of them";
            return Err(fail(self.line, what, expected, self.text.trim()));
        }
        Ok(all[..count].to_vec())
    }
}

/// Reads a problem.
pub(super) fn parse(reader: impl BufRead) -> Result<Problem, ReadError> {
    let mut lines = Lines {
        reader,
        line: 0,
        in_head: true,
        text: String::new(),
    };
    let variables = lines.count("number of variables")?;
    lines.in_head = false;
    let pairs = variables as f64 * variables as f64 * BYTES_PER_PAIR;
    let head = lines.line;
    let count = lines.count("number of blocks")?;
    let blocks = block_sizes(&mut lines, count)?;
    let objective = objective(&mut lines, variables)?;
    if !fits(pairs) {
        let most = largest(|n| n * n * BYTES_PER_PAIR);
        let expected = format!("at most {most} variables, whose linear system memory holds");
        let got = variables.to_string();
        return Err(fail(head, "number of variables", expected, &got));
    }
    let mut entries = Entries::new(variables, &blocks);
    if !objective.rest.is_empty() {
        entries.take(objective.last, objective.rest.iter().map(String::as_str))?;
    }
    while lines.advance()? {
        let whole = |count: usize| (entries.pending.len() + count).is_multiple_of(5);
        let numbers = lines.numbers("entry", whole)?;
        entries.take(lines.line, numbers.into_iter())?;
    }
    entries.finish(lines.line)?;
    entries.refuse_repeated()?;
    objective.refuse_swallowed(&entries)?;
    let entries = entries.found.into_iter().map(|(entry, _)| entry);
    Ok(Problem {
        c: objective.c,
        blocks,
        entries: entries.map(Entry::upper).filter(|e| e.4 != 0.0).collect(),
    })
}

/// Whether memory can be had for so many bytes. Nothing is written to it. Systems that promise more
/// than they have are not asked for more than a tebibyte.
pub(crate) fn fits(bytes: f64) -> bool {
    bytes < (1_u64 << 40) as f64 && Vec::<u8>::new().try_reserve_exact(bytes as usize).is_ok()
}

/// The largest size whose bytes can be had.
fn largest(bytes: impl Fn(f64) -> f64) -> u64 {
    let (mut low, mut high) = (0_u64, 1 << 40);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(bytes(middle as f64)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

fn block_sizes<R: BufRead>(
    lines: &mut Lines<R>,
    count: usize,
) -> Result<Vec<BlockKind>, ReadError> {
    let what = "block sizes";
    let mut blocks = Vec::new();
    let mut bytes = 0.0;
    while blocks.len() < count {
        lines.need(what, &format!("{count} integers"))?;
        let at = lines.line;
        for token in tokens(&lines.text) {
            if blocks.len() == count {
                if numeric(token) {
                    let expected = format!("{count} integers, as many as blocks");
                    return Err(fail(at, what, expected, lines.text.trim()));
                }
                break; // What follows on the line is a remark.
            }
            let size = leading_integer(token).filter(|n| *n != 0);
            let size = size.ok_or_else(|| fail(at, what, "a nonzero integer", token))?;
            let n = size.unsigned_abs() as f64;
            let order = |n: f64| n * n * BYTES_PER_ENTRY;
            let length = |n: f64| n * BYTES_PER_ROW;
            bytes += if size > 0 { order(n) } else { length(n) };
            if !fits(bytes) {
                let most = if size > 0 {
                    largest(order)
                } else {
                    largest(length)
                };
                let expected = format!("blocks that memory holds, a single one of at most {most}");
                return Err(fail(at, what, expected, token));
            }
            let n = n as usize;
            blocks.push(if size > 0 {
                BlockKind::Matrix(n)
            } else {
                BlockKind::Diagonal(n)
            });
        }
    }
    Ok(blocks)
}

/// The objective and what stands around it.
struct Objective {
    c: Vec<f64>,
    first: usize,
    last: usize,
    /// Numbers behind it on its last line: entries.
    rest: Vec<String>,
    /// The numbers of its last line where that is not its first.
    continued: Vec<String>,
    /// How many numbers it has without that line.
    before: usize,
}

fn objective<R: BufRead>(lines: &mut Lines<R>, variables: usize) -> Result<Objective, ReadError> {
    let what = "objective";
    let mut out = Objective {
        c: Vec::new(),
        first: 0,
        last: 0,
        rest: Vec::new(),
        continued: Vec::new(),
        before: 0,
    };
    while out.c.len() < variables {
        lines.need(what, &format!("{variables} numbers"))?;
        out.last = lines.line;
        out.before = out.c.len();
        if out.first == 0 {
            out.first = lines.line;
        }
        let missing = variables - out.c.len();
        let numbers = lines.numbers(what, |count| count >= missing)?;
        let taken = numbers.len().min(variables - out.c.len());
        for token in &numbers[..taken] {
            out.c.push(real(lines.line, what, token)?);
        }
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_string()).collect();
        out.rest = texts(&numbers[taken..]);
        out.continued = if out.before > 0 {
            texts(&numbers)
        } else {
            Vec::new()
        };
    }
    // An objective that is too short swallows the beginning of an entry, one that is too long leaves
    // the end of itself.
    if !out.rest.len().is_multiple_of(5) {
        let expected = format!(
            "{variables} numbers; {} are left on line {}, which are no entries",
            out.rest.len(),
            out.last
        );
        let got = if out.before > 0 {
            format!("{} before that line", out.before)
        } else {
            (variables + out.rest.len()).to_string()
        };
        return Err(fail(out.first, what, expected, &got));
    }
    Ok(out)
}

impl Objective {
    /// Refuses an objective whose last line reads as entries that are stated nowhere else: it is
    /// too short by that many numbers.
    fn refuse_swallowed(&self, entries: &Entries<'_>) -> Result<(), ReadError> {
        let mut line = Entries::new(entries.variables, entries.blocks);
        let tokens = self.continued.iter().map(String::as_str);
        let reads = line.take(self.last, tokens).is_ok() && line.pending.is_empty();
        if !reads || line.found.is_empty() || !self.rest.is_empty() {
            return Ok(());
        }
        let keys = |found: &[(Entry, usize)]| -> Vec<_> {
            found.iter().map(|(entry, _)| entry.key()).collect()
        };
        let mut all = keys(&entries.found);
        all.extend(keys(&line.found));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        if all.len() < count {
            return Ok(());
        }
        let expected = format!(
            "{} numbers; line {} reads as entries, not as its rest (if it is the rest, write the \
             objective on one line)",
            self.c.len(),
            self.last
        );
        let got = format!("{} before that line", self.before);
        Err(fail(self.first, "objective", expected, &got))
    }
}

/// An entry as it stands in the file, indices from 0.
#[derive(Debug, Clone, Copy)]
struct Entry {
    matrix: usize,
    block: usize,
    row: usize,
    column: usize,
    value: f64,
}

impl Entry {
    /// What it is an entry of, whichever triangle it stands in.
    fn key(&self) -> (usize, usize, usize, usize) {
        let (matrix, block, i, j, _) = self.upper();
        (matrix, block, i, j)
    }

    fn upper(self) -> (usize, usize, usize, usize, f64) {
        let (i, j) = (self.row.min(self.column), self.row.max(self.column));
        (self.matrix, self.block, i, j, self.value)
    }
}

/// The stream of entries.
struct Entries<'a> {
    variables: usize,
    blocks: &'a [BlockKind],
    /// The indices of an entry that is not complete: fewer than five numbers.
    pending: Vec<usize>,
    /// With the line each ends on.
    found: Vec<(Entry, usize)>,
}

impl<'a> Entries<'a> {
    fn new(variables: usize, blocks: &'a [BlockKind]) -> Self {
        Self {
            variables,
            blocks,
            pending: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Takes the numbers of a line.
    fn take<'t>(
        &mut self,
        line: usize,
        numbers: impl Iterator<Item = &'t str>,
    ) -> Result<(), ReadError> {
        for token in numbers {
            let order = |pending: &[usize]| match self.blocks[pending[1] - 1] {
                BlockKind::Matrix(n) | BlockKind::Diagonal(n) => n,
            };
            let (what, low, high) = match self.pending.len() {
                0 => ("matrix", 0, self.variables),
                1 => ("block", 1, self.blocks.len()),
                2 => ("row", 1, order(&self.pending)),
                3 => ("column", 1, order(&self.pending)),
                _ => {
                    let value = real(line, "value", token)?;
                    self.complete(line, value)?;
                    continue;
                }
            };
            match token.parse::<usize>() {
                Ok(index) if (low..=high).contains(&index) => self.pending.push(index),
                _ => {
                    let expected = format!("an integer in {low}..={high}");
                    return Err(fail(line, what, expected, token));
                }
            }
        }
        Ok(())
    }

    fn complete(&mut self, line: usize, value: f64) -> Result<(), ReadError> {
        let [matrix, block, row, column] = self.pending[..] else {
            return Ok(());
        };
        self.pending.clear();
        let entry = Entry {
            matrix,
            block: block - 1,
            row: row - 1,
            column: column - 1,
            value,
        };
        if row != column && matches!(self.blocks[entry.block], BlockKind::Diagonal(_)) {
            let expected = format!("{row}, the row, as block {block} is diagonal");
            return Err(fail(line, "column", expected, &column.to_string()));
        }
        self.found.push((entry, line));
        Ok(())
    }

    /// Refuses a file that ends inside an entry.
    fn finish(&self, line: usize) -> Result<(), ReadError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let got = format!("{} numbers and the end of the file", self.pending.len());
        let expected = "`matrix block row column value`";
        Err(fail(line, "entry", expected, &got))
    }

    /// Refuses an entry stated twice: SDPA keeps the last one, others add them up.
    fn refuse_repeated(&self) -> Result<(), ReadError> {
        let mut order: Vec<usize> = (0..self.found.len()).collect();
        order.sort_unstable_by_key(|&at| (self.found[at].0.key(), at));
        // The repetition that ends first in the file.
        let repeated = order
            .windows(2)
            .filter(|pair| self.found[pair[0]].0.key() == self.found[pair[1]].0.key())
            .min_by_key(|pair| pair[1]);
        let Some(&[first, second]) = repeated else {
            return Ok(());
        };
        let ((a, at), (b, line)) = (self.found[first], self.found[second]);
        let text = |e: Entry| {
            format!(
                "{} {} {} {}",
                e.matrix,
                e.block + 1,
                e.row + 1,
                e.column + 1
            )
        };
        let expected = if a.row == b.row {
            format!("every entry once; `{}` stands on line {at} too", text(a))
        } else {
            format!(
                "one triangle of a matrix; the other one, `{}`, stands on line {at}",
                text(a)
            )
        };
        Err(fail(line, "entry", expected, &text(b)))
    }
}
