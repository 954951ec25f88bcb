//! Rust sources as far as the rules need them: code without comments, strings and tests, the length of
//! its functions, and the files that name each other.

use std::collections::BTreeMap;

/// `text` with comments and the insides of strings replaced by spaces, line for line.
pub(super) fn plain(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let at = |i: usize| bytes.get(i).copied().unwrap_or('\0');
    let keep = |c: char| if c == '\n' { '\n' } else { ' ' };
    while i < bytes.len() {
        match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < bytes.len() && at(i) != '\n' {
                    out.push(' ');
                    i += 1;
                }
            }
            ('/', '*') => {
                while i < bytes.len() && (at(i), at(i + 1)) != ('*', '/') {
                    out.push(keep(at(i)));
                    i += 1;
                }
                out.push_str("  ");
                i += 2;
            }
            ('r', '"' | '#') if !before_is_word(&bytes, i) && raw_string(&bytes, i).is_some() => {
                let (start, end) = raw_string(&bytes, i).unwrap_or((i, i));
                for k in i..end {
                    out.push(if k < start { at(k) } else { keep(at(k)) });
                }
                i = end;
            }
            ('"', _) => {
                out.push('"');
                i += 1;
                while i < bytes.len() && at(i) != '"' {
                    let step = if at(i) == '\\' { 2 } else { 1 };
                    for k in i..(i + step).min(bytes.len()) {
                        out.push(keep(at(k)));
                    }
                    i += step;
                }
                out.push('"');
                i += 1;
            }
            // A character, not a lifetime.
            ('\'', '\\') => {
                let end = (i + 2..bytes.len()).find(|&k| at(k) == '\'' && k > i + 2);
                let end = end.unwrap_or(bytes.len() - 1);
                out.extend(std::iter::repeat_n(' ', end + 1 - i));
                i = end + 1;
            }
            ('\'', _) if at(i + 2) == '\'' => {
                out.push_str("   ");
                i += 3;
            }
            (c, _) => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

fn before_is_word(text: &[char], i: usize) -> bool {
    i > 0 && (text[i - 1].is_alphanumeric() || text[i - 1] == '_')
}

/// First character inside and first behind the raw string at `i`.
fn raw_string(text: &[char], i: usize) -> Option<(usize, usize)> {
    let hashes = text[i + 1..].iter().take_while(|c| **c == '#').count();
    let open = i + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return None;
    }
    let closes = |k: &usize| {
        text[*k] == '"'
            && text[k + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    let end = (open + 1..text.len()).find(closes)?;
    Some((open + 1, end + 1 + hashes))
}

/// `plain` text without what stands behind `#[cfg(test)]`.
pub(super) fn without_tests(plain: &str) -> String {
    let mut out = plain.to_string();
    while let Some(start) = out.find("#[cfg(test)]") {
        let end = item_end(&out, start);
        let blank: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Where the item at `start` ends: behind its `;`, or behind the brace that closes its first one.
fn item_end(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (i, c) in text[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return start + i + 1;
                }
            }
            ';' if depth == 0 => return start + i + 1,
            _ => {}
        }
    }
    text.len()
}

/// `(name, line, lines)` of every function with a body.
pub(super) fn functions(plain: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (i, _) in plain.match_indices("fn ") {
        let before = plain[..i].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String = plain[i + 3..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if name.is_empty() {
            continue;
        }
        let end = item_end(plain, i);
        if !plain[i..end].ends_with('}') {
            continue;
        }
        let line = plain[..i].matches('\n').count() + 1;
        found.push((name, line, plain[i..end].matches('\n').count() + 1));
    }
    found
}

/// The modules of one crate: path in the crate, such as `ipm::hsd`, to file. `files` are below `src`.
pub(super) fn modules(files: &[String]) -> BTreeMap<String, String> {
    let module = |file: &String| {
        let path = file.strip_suffix(".rs").unwrap_or(file);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let path = if path == "lib" || path == "main" {
            ""
        } else {
            path
        };
        (path.replace('/', "::"), file.clone())
    };
    files.iter().map(module).collect()
}

/// Modules that the module `own` names by `crate::` or `super::`, each by the longest path that is one.
pub(super) fn names(
    own: &str,
    code: &str,
    modules: &BTreeMap<String, String>,
) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (i, _) in code.match_indices(start) {
            let before = code[..i].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let mut base: Vec<String> = if start == "crate::" {
                Vec::new()
            } else {
                let mut path: Vec<String> = own.split("::").map(str::to_string).collect();
                path.pop();
                path
            };
            let mut rest = &code[i + start.len()..];
            while let Some(up) = rest.strip_prefix("super::") {
                base.pop();
                rest = up;
            }
            for path in paths(rest) {
                let mut full = base.clone();
                full.extend(path);
                while !full.is_empty() && !modules.contains_key(&full.join("::")) {
                    full.pop();
                }
                found.insert(full.join("::"));
            }
        }
    }
    found.remove(own);
    found
}

/// The paths at the head of `text`: `a::b::C`, or `{a::B, c::{D, E}}`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0_usize;
        let mut start = 0;
        let mut found = Vec::new();
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    found.extend(paths(&group[start..i]));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.extend(paths(&group[start..i]));
                    start = i + 1;
                }
                _ => {}
            }
        }
        return found;
    }
    let word: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    if word.is_empty() {
        return Vec::new();
    }
    let tail = text[word.len()..].strip_prefix("::");
    let below = tail.map(paths).unwrap_or_default();
    if below.is_empty() {
        return vec![vec![word]];
    }
    let join = |mut path: Vec<String>| {
        path.insert(0, word.clone());
        path
    };
    below.into_iter().map(join).collect()
}

/// Groups of modules that name each other in a circle.
pub(super) fn circles(
    edges: &BTreeMap<String, std::collections::BTreeSet<String>>,
) -> Vec<Vec<String>> {
    // A module reaches another if a walk along the edges does; crates are small.
    let reach = |from: &String| {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            for to in edges.get(next).into_iter().flatten() {
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, _> = edges.keys().map(|m| (m, reach(m))).collect();
    let mut done = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for (module, ahead) in &reached {
        if done.contains(module) || !ahead.contains(module) {
            continue;
        }
        let together = |other: &&&String| {
            ahead.contains(**other) && reached.get(**other).is_some_and(|r| r.contains(module))
        };
        let circle: Vec<String> = reached
            .keys()
            .filter(together)
            .map(|m| (*m).clone())
            .collect();
        done.extend(reached.keys().filter(together).copied());
        found.push(circle);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_tests_are_no_code() {
        let text = "let a = \"crate::x\"; // crate::y\nlet b = r#\"crate::\"z\"#; let c = '\"';\n\
                    #[cfg(test)]\nmod tests { use crate::q; }\nfn f() {}\n";
        let code = without_tests(&plain(text));
        assert!(!code.contains("crate::"), "{code}");
        assert!(code.contains("let b") && code.contains("let c") && code.contains("fn f() {}"));
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn a_circle_is_found_through_groups_and_super() {
        let files = ["lib.rs", "a.rs", "b/mod.rs", "b/c.rs"].map(str::to_string);
        let modules = modules(&files);
        let sources = [
            ("a", "use crate::{x, b::c::{D, E}};"),
            ("b", "fn f(x: u8) {}"),
            ("b::c", "use super::super::a::F;"),
        ];
        let edges = sources
            .iter()
            .map(|(own, code)| ((*own).to_string(), names(own, code, &modules)))
            .collect();
        assert_eq!(circles(&edges), [["a", "b::c"]]);
    }

    #[test]
    fn the_length_of_a_function_is_counted() {
        let text =
            "fn short() {}\nfn long(\n    x: u8,\n) {\n    let y = x;\n}\ntrait T { fn none(); }\n";
        let found = functions(&plain(text));
        let seen: Vec<_> = found.iter().map(|(n, l, k)| (n.as_str(), *l, *k)).collect();
        assert_eq!(seen, [("short", 1, 1), ("long", 2, 5)]);
    }
}
