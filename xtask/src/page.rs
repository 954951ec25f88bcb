//! `cargo xtask page`: the page of `crates/isac-web` as a folder of static files, and its tests.
//!
//! The module is built for `wasm32-unknown-unknown` by the installed toolchain where it has that target,
//! or by the one that `crates/isac-web/prepare.sh` unpacks into `target/wasm-toolchain`.

use crate::{cargo, forward, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-unknown-unknown";

/// What may stand behind `cargo xtask page`.
struct Asked {
    out: PathBuf,
    test: bool,
}

/// Builds the page and, if asked, tests it.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let asked = match read(args) {
        Ok(asked) => asked,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if let Err(message) = build(&asked.out) {
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    let page = asked.out.join("index.html");
    println!("open {}, or serve the folder", page.display());
    if asked.test {
        return test(&asked.out);
    }
    ExitCode::SUCCESS
}

fn read(args: &[String]) -> Result<Asked, String> {
    let mut asked = Asked {
        out: root().join("target/page"),
        test: false,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--test" => asked.test = true,
            "--out" => {
                let folder = rest.next().ok_or("--out needs a folder")?;
                let folder = std::path::absolute(folder);
                asked.out = folder.map_err(|e| format!("--out: {e}"))?;
            }
            other => {
                return Err(format!(
                    "page: unknown `{other}`, expected --out DIR or --test"
                ));
            }
        }
    }
    Ok(asked)
}

/// The modules, by the features of `isac-web`, which share the problems.
const MODULES: [&str; 2] = ["prompt", "patient"];

/// Builds the modules and writes the folder.
fn build(out: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", out.display());
    write_page(out).map_err(failed)?;
    for name in MODULES {
        write_module(name, &module(name)?, out).map_err(failed)?;
    }
    Ok(())
}

/// Builds a module; the bytes.
fn module(name: &str) -> Result<Vec<u8>, String> {
    let manifest = root().join("crates/isac-web/Cargo.toml");
    let target = root().join("target/web");
    let mut build = cargo();
    build.args(["build", "--release", "--target", TARGET]);
    build.arg("--manifest-path").arg(manifest);
    build.args(["--no-default-features", "--features", name]);
    build.env("CARGO_TARGET_DIR", &target);
    let unpacked = root().join("target/wasm-toolchain");
    if !has_target() {
        let rustc = unpacked.join("usr/bin/rustc");
        if !unpacked.join("ready").is_file() {
            return Err(format!(
                "NO PAGE: it needs the target {TARGET}. `rustup target add {TARGET}` brings it; \
                 where rustup has no network but apt has, `crates/isac-web/prepare.sh` does"
            ));
        }
        build.env("RUSTC", rustc);
        build.env("LD_LIBRARY_PATH", unpacked.join("usr/lib/x86_64-linux-gnu"));
        build.env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            unpacked.join("rust-lld"),
        );
    }
    println!("building the module `{name}`, which takes minutes the first time");
    match build.status() {
        Ok(status) if status.success() => {}
        Ok(_) => return Err("NO PAGE: the module does not build".into()),
        Err(error) => return Err(format!("cargo did not start: {error}")),
    }
    // No `wasm-opt`: what it writes is shorter but compresses worse, 593 instead of 559 kB by brotli.
    let built = target.join(TARGET).join("release/isac_web.wasm");
    fs::read(&built).map_err(|e| format!("{}: {e}", built.display()))
}

/// Whether the installed toolchain has the target.
fn has_target() -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success()
            && fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
    })
}

/// Writes the files of the page.
fn write_page(out: &Path) -> std::io::Result<()> {
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(root().join("crates/isac-web/page"))? {
        let entry = entry?;
        fs::copy(entry.path(), out.join(entry.file_name()))?;
    }
    Ok(())
}

/// Writes a module, and the same as a script for `file://`.
fn write_module(name: &str, module: &[u8], out: &Path) -> std::io::Result<()> {
    fs::write(out.join(format!("isac-{name}.wasm")), module)?;
    let script = format!(
        "(globalThis.isac.base64 = globalThis.isac.base64 || {{}}).{name} = \"{}\";\n",
        base64(module)
    );
    fs::write(out.join(format!("isac-{name}.js")), script)
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = three[0] << 16 | three[1] << 8 | three[2];
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() {
                letter as char
            } else {
                '='
            });
        }
    }
    text
}

/// Runs the tests of the page: against the program (`ISAC`, or built here), of the address, in a browser.
fn test(out: &Path) -> ExitCode {
    let program = match std::env::var_os("ISAC") {
        Some(program) => PathBuf::from(program),
        None => {
            let mut build = cargo();
            // With the features of the tests, so that nothing is built again after them.
            build.args(["test", "--workspace", "--no-run", "--test", "readers"]);
            if forward(&mut build) != ExitCode::SUCCESS {
                return ExitCode::FAILURE;
            }
            let target = std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| root().join("target"), |dir| root().join(dir));
            let name = format!("isac{}", std::env::consts::EXE_SUFFIX);
            target.join("debug").join(name)
        }
    };
    for name in ["state.cjs", "module.cjs", "browser.cjs"] {
        println!("\n== page: {name}");
        let mut node = Command::new("node");
        node.arg(root().join("crates/isac-web/tests").join(name));
        node.env("PAGE", out).env("ISAC", &program);
        node.env("NODE_PATH", root().join("target/page-node/node_modules"));
        if forward(&mut node) != ExitCode::SUCCESS {
            eprintln!("cargo xtask page --test: `{name}` failed");
            return ExitCode::FAILURE;
        }
    }
    println!("\ncargo xtask page --test: everything holds");
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::{base64, read};

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn arguments_are_read() {
        let args = |list: &[&str]| read(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert!(args(&["--test"]).is_ok_and(|asked| asked.test));
        assert!(args(&["--out"]).is_err());
        assert!(args(&["--nonsense"]).is_err());
    }
}
