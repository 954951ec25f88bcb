use super::*;

const GOOD: &str = "\"a comment\n 2 =mdim\n2 =nblocks\n{2, -2}\n{1.0,\n 2.0}\n\
                    0 1 1 1 1.0\n1 1 1 1 1\n2 1 2 2 1\n0 1 1 2 0.5\n1 2 1 1 1.0\n2 2 2 2 1.0\n";

fn error(text: impl AsRef<[u8]>) -> ReadError {
    match read(text.as_ref()) {
        Err(Error::File(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Least `x_1 + 2 x_2` of [`GOOD`]: `[x_1 - 1, -1/2; ., x_2] >= 0, x >= 0` says
/// `(x_1 - 1) x_2 >= 1/4`, hence `1 + sqrt 2`.
fn is_good(text: impl AsRef<[u8]>) {
    let problem = read(text.as_ref()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(problem, read(GOOD.as_bytes()).unwrap());
}

#[test]
fn reads_and_solves() {
    let problem = read(GOOD.as_bytes()).unwrap();
    assert_eq!(problem.c, [1.0, 2.0]);
    assert_eq!(
        problem.blocks,
        [BlockKind::Matrix(2), BlockKind::Diagonal(2)]
    );
    let expected = [
        (0, 0, 0, 0, 1.0),
        (1, 0, 0, 0, 1.0),
        (2, 0, 1, 1, 1.0),
        (0, 0, 0, 1, 0.5),
        (1, 1, 0, 0, 1.0),
        (2, 1, 1, 1, 1.0),
    ];
    assert_eq!(problem.entries, expected);
    let outcome = problem.solve(&Options::default()).unwrap();
    let value = outcome.solution().unwrap().objective;
    assert!((value - 1.0 - 2.0_f64.sqrt()).abs() < 1e-7);
}

#[test]
fn malformed_files_name_the_line() {
    let replaced = |from: &str, to: &str| error(GOOD.replacen(from, to, 1));
    assert_eq!(replaced("2 =mdim", "none").line, 2);
    assert_eq!(replaced("2 =mdim", "2 2").line, 2);
    assert_eq!(replaced("2 =mdim", "0").line, 2);
    assert_eq!(replaced("2 =mdim", "-2").line, 2);
    for bad in ["2.5", "2e3", "2D0", "2E+1", "+", "9223372036854775808"] {
        let found = replaced("2 =nblocks", bad);
        assert!(
            found.line == 3 && found.what == "number of blocks",
            "{found}"
        );
        assert_eq!(found.got, bad);
    }
    assert_eq!(replaced("{2, -2}", "{2, 0}").line, 4);
    assert_eq!(replaced("{2, -2}", "{2, -2, 2}").line, 4);
    assert_eq!(replaced("{2, -2}", "{2, = -2}").line, 4);
    assert_eq!(replaced("2.0}", "x}").line, 6);
    assert_eq!(replaced("2.0}", "1e999}").line, 6);
    assert_eq!(replaced("0 1 1 1 1.0", "0 1 1 1 nan").line, 7);
    assert_eq!(replaced("0 1 1 1 1.0", "0 1 1 1 1.0x").line, 7);
    assert_eq!(replaced("0 1 1 1 1.0", "0 1 1 1 = 1.0").line, 7);
    assert_eq!(replaced("0 1 1 1 1.0", "0 1 1 1 none").line, 7);
    assert_eq!(replaced("{1.0,", "{1.0, none").line, 5);
    assert_eq!(replaced("{1.0,", "{1.0, -inf").line, 5);
    assert_eq!(replaced("0 1 1 1 1.0", "0 1 1.0 1 1.0").what, "row");
    assert_eq!(replaced("1 1 1 1 1\n", "3 1 1 1 1\n").line, 8);
    assert_eq!(replaced("1 1 1 1 1\n", "-1 1 1 1 1\n").what, "matrix");
    assert_eq!(replaced("1 1 1 1 1\n", "1 0 1 1 1\n").what, "block");
    assert_eq!(replaced("1 1 1 1 1\n", "1 3 1 1 1\n").what, "block");
    assert_eq!(replaced("1 1 1 1 1\n", "1 1 0 1 1\n").what, "row");
    assert_eq!(replaced("2 1 2 2 1\n", "2 1 3 2 1\n").line, 9);
    assert_eq!(replaced("2 1 2 2 1\n", "2 1 2 3 1\n").what, "column");
    assert_eq!(replaced("1 2 1 1 1.0", "1 2 1 2 1.0").line, 11);
    let early = error("3\n1\n2\n1 2\n");
    assert!(early.line == 5 && early.got == "end of file", "{early}");
    for (text, line) in [
        ("", 1),
        ("*x\n\n", 3),
        ("2\n", 2),
        ("2\n1\n", 3),
        ("2\n2\n2\n", 4),
    ] {
        let early = error(text);
        assert!(early.line == line && early.got == "end of file", "{early}");
    }
}

#[test]
fn a_file_that_ends_inside_an_entry_is_refused() {
    // Cut after any number of the last entry, the file is no longer whole.
    let numbers = "2 2 2 2";
    for cut in 1..=numbers.len() {
        let end = GOOD.rfind(numbers).unwrap() + cut;
        let found = error(&GOOD[..end]);
        assert!(
            found.what == "entry" && found.got.contains("end of the file"),
            "{found}"
        );
        assert_eq!(found.line, 13);
    }
}

#[test]
fn numbers_are_a_free_stream() {
    is_good(GOOD.replace("1.0\n1 1 1 1 1\n", "1.0 1 1 1 1 1\n")); // two entries a line
    is_good(GOOD.replace("1.0\n1 1 1 1 1\n2 1", "1.0 1 1\n1 1\n1 2 1")); // entries over lines
    is_good(GOOD.replace("1.0\n1 1 1 1 1\n", "1.0\n\n1\n1\n1\n1\n1\n"));
    is_good(GOOD.replace("{1.0,\n 2.0}\n0 1", "1.0 2.0 0 1")); // behind the objective
    is_good(GOOD.replace("{2, -2}", "2\n-2"));
    is_good(GOOD.replace("0 1 1 2 0.5", "(0,1)(1,2){0.5}"));
    is_good(GOOD.replace('\n', "\r\n"));
    is_good(GOOD.replace(' ', "\t"));
    is_good(GOOD.trim_end());
    is_good(GOOD.replace("2 1 2 2 1\n0 1", "2 1 2 2 1\n\" a remark\n* another\n0 1"));
    is_good(GOOD.replace("2 1 2 2 1\n", "2 1 2 2 1 the entry of x\n"));
    // A pair that CSDP and SDPA solve to 2.
    let two = "2\n1\n2\n1 1\n0 1 1 2 1.0\n1 1 1 1 1.0   2 1 2 2 1.0\n";
    let outcome = read(two.as_bytes())
        .unwrap()
        .solve(&Options::default())
        .unwrap();
    assert!((outcome.solution().unwrap().objective - 2.0).abs() < 1e-7);
}

#[test]
fn writings_of_other_programs_are_read() {
    is_good(
        GOOD.replace("2 =mdim", "2=mdim")
            .replace("2 =nblocks", "+2=nBLOCK 7"),
    );
    is_good(GOOD.replace("2 =mdim", "2mDIM").replace("2 =nblocks", "2"));
    is_good(GOOD.replace("{2, -2}", "2 -2= blocksizes of 2 blocks"));
    is_good(GOOD.replace("{2, -2}", "(+2, -2) = bLOCKsTRUCT"));
    for one in [
        "1.0D0", "1d+00", "1.0d-0", "1.0E0", "1.", "+1.0D+00", "0.1D1", "10d-1",
    ] {
        is_good(GOOD.replace("{1.0", &format!("{{{one}")));
        is_good(GOOD.replace("0 1 1 1 1.0", &format!("0 1 1 1 {one}")));
    }
    is_good(format!("\u{feff}{GOOD}"));
    is_good(GOOD.replace("\"a comment\n", "\u{feff}"));
    // A comment, and a remark in the head, in Latin-1.
    let mut latin = b"\"caf\xe9\n*\xff\xfe\n".to_vec();
    latin.extend(
        GOOD.replace("2 =mdim", "2 =mdim \u{1}")
            .bytes()
            .map(|b| match b {
                1 => 0xe9,
                other => other,
            }),
    );
    is_good(latin);
}

#[test]
fn an_objective_of_another_length_is_refused() {
    let file = |objective: &str| {
        format!("7\n1\n2\n{objective}\n0 1 1 2 1.0\n1 1 1 1 1.0\n2 1 2 2 1.0\n3 1 1 2 1.0\n")
    };
    let whole = "1 2 3 4 5 6 7";
    assert_eq!(read(file(whole).as_bytes()).unwrap().c.len(), 7);
    assert_eq!(
        read(file(&whole.replace(' ', "\n")).as_bytes())
            .unwrap()
            .c
            .len(),
        7
    );
    // Too short, down to a single number: what is missing would be taken from the entries.
    for count in 1..7 {
        let short: Vec<&str> = whole.split(' ').take(count).collect();
        for objective in [short.join(" "), short.join("\n")] {
            let found = error(file(&objective));
            assert!(
                found.line == 4 && found.what == "objective",
                "{count}: {found}"
            );
        }
    }
    for more in 1..5 {
        let found = error(file(&format!("{whole}{}", " 1".repeat(more))));
        assert!(
            found.line == 4 && found.what == "objective",
            "{more}: {found}"
        );
        assert_eq!(found.got, (7 + more).to_string());
    }
    // An objective of ones wrapped at five: its second line is an entry the file states as well.
    let ones = "10\n1\n2\n1 1 1 1 1\n1 1 1 1 1\n1 1 1 1 1.0\n";
    assert_eq!(read(ones.as_bytes()).unwrap().c, [1.0; 10]);
    let reals = "10\n1\n2\n1 1 1 1 1\n1.0 1 1 1 1\n2 1 1 1 1.0\n";
    assert_eq!(read(reals.as_bytes()).unwrap().c, [1.0; 10]);
}

#[test]
fn entries_stated_twice_are_refused_with_both_lines() {
    let file = "3\n1\n2\n4 9 3\n0 1 1 2 2.0\n1 1 1 1 1.0\n2 1 2 2 1.0\n3 1 1 2 1.0\n";
    let twice = error(format!("{file}3 1 1 2 0.5\n"));
    assert!(
        twice.line == 9 && twice.expected.contains("line 8"),
        "{twice}"
    );
    let both = error(file.replace("1 1 1 1 1.0", "0 1 2 1 2.0"));
    assert!(both.line == 6 && both.expected.contains("line 5"), "{both}");
    assert!(
        both.expected.contains("triangle") && both.got == "0 1 2 1",
        "{both}"
    );
    // Also where one of them is zero, far away, or on the same line.
    let zero = error(format!("{file}0 1 2 1 0.0\n"));
    assert!(zero.line == 9 && zero.expected.contains("line 5"), "{zero}");
    let same = error(file.replace("3 1 1 2 1.0", "3 1 2 2 1.0 3 1 2 2 1.0"));
    assert!(same.line == 8 && same.expected.contains("line 8"), "{same}");
    // One triangle alone may be the lower one.
    let lower = read(file.replace("3 1 1 2", "3 1 2 1").as_bytes()).unwrap();
    assert_eq!(lower, read(file.as_bytes()).unwrap());
    // Of three, the first two.
    let thrice = error(format!("{file}3 1 1 2 1\n3 1 1 2 1\n1 1 1 1 1\n"));
    assert!(
        thrice.line == 9 && thrice.expected.contains("line 8"),
        "{thrice}"
    );
}

#[test]
fn sections_are_refused_with_their_line() {
    for section in [
        "*INTEGER\n*1\n*2\n",
        "*RANK1\n*1\n",
        "* INTEGER\n",
        "*integer\n",
        "*SOMETHING\n",
    ] {
        let found = error(format!("{GOOD}{section}"));
        assert!(found.line == 13 && found.what == "section", "{found}");
    }
    let inside = error(GOOD.replace("2 1 2 2 1\n", "2 1 2 2 1\n*INTEGER\n*1\n"));
    assert_eq!((inside.line, inside.got.as_str()), (10, "*INTEGER"));
    let ahead = error(format!("*INTEGER\n*1\n{GOOD}"));
    assert_eq!(ahead.line, 1);
    let counted = error(format!("{GOOD}*INTEGER 2 of them\n"));
    assert_eq!(counted.line, 13);
    // Comments, glued to the star in the head and not behind it, are none.
    is_good(format!(
        "*comment\n* INTEGER programs have none\n{GOOD}* integers: none\n"
    ));
}

#[test]
fn no_size_is_believed_before_memory_justifies_it() {
    for size in [
        "99999999999",
        "4000000000",
        "-9223372036854775808",
        "-9223372036854775807",
        "9223372036854775807",
        "-99999999999999",
        "9999999",
    ] {
        let found = error(format!("1\n1\n{size}\n1\n1 1 1 1 1\n"));
        assert!(found.line == 3 && found.what == "block sizes", "{found}");
        assert_eq!(found.got, size);
        assert!(found.expected.contains("at most"), "{found}");
    }
    // Each may fit alone and not all together.
    let many = error(format!("1\n5000\n{}\n", "2000\n".repeat(5000)));
    assert!(many.line > 3 && many.what == "block sizes", "{many}");
    // Counts that the file does not hold.
    let blocks = error("1\n9223372036854775807\n1\n1\n1 1 1 1 1\n");
    assert!(
        blocks.what == "block sizes" || blocks.got == "end of file",
        "{blocks}"
    );
    let variables = error("9223372036854775807\n1\n1\n1\n");
    assert_eq!((variables.line, variables.got.as_str()), (5, "end of file"));
}

#[test]
fn more_variables_than_a_linear_system_can_have() {
    let count = 4_000_000;
    let found = error(format!(
        "{count}\n1\n1\n{}\n1 1 1 1 1\n",
        "1 ".repeat(count)
    ));
    assert_eq!(
        (found.line, found.what.as_str()),
        (1, "number of variables")
    );
    assert!(
        found.got == "4000000" && found.expected.contains("at most"),
        "{found}"
    );
}
