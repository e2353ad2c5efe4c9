//! What the compiler says of itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{output_of, workspace};

/// The workspace's compiler.
pub(crate) struct Compiler {
    /// The triple of the machine.
    pub(crate) host: String,
    /// The major version of its LLVM.
    pub(crate) llvm: u32,
    pub(crate) sysroot: PathBuf,
}

impl Compiler {
    pub(crate) fn get() -> Result<Compiler> {
        let ask =
            |what: &[&str]| output_of(Command::new("rustc").args(what).current_dir(workspace()));
        let version = ask(&["--version", "--verbose"])?;
        let host = version.lines().find_map(|it| it.strip_prefix("host: "));
        Ok(Compiler {
            host: host.context("rustc does not say its host")?.to_owned(),
            llvm: llvm_major(&version).context("rustc does not say its LLVM version")?,
            sysroot: ask(&["--print", "sysroot"])?.trim().into(),
        })
    }
}

/// The first number of the LLVM version that rustc and LLVM's own programs tell.
pub(crate) fn llvm_major(text: &str) -> Option<u32> {
    let (_, behind) = text.split_once("LLVM version")?;
    let number = behind.trim_start_matches([':', ' ']);
    let end = number.find(|it: char| !it.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_llvm_is_found_in_what_programs_say() {
        let rustc = "rustc 1.95.0 (1a2b 2026-04-14)\nhost: x86_64-pc-linux-gnu\n\
                     release: 1.95.0\nLLVM version: 22.1.2\n";
        assert_eq!(llvm_major(rustc), Some(22));
        assert_eq!(llvm_major("LLVM (http://llvm.org/):\n  LLVM version 9.0\n"), Some(9));
        assert_eq!(llvm_major("Debian LLVM version 19.1.7\n  Optimized build."), Some(19));
        assert_eq!(llvm_major("llvm-profdata: Unknown command!\n"), None);
        assert_eq!(llvm_major("LLVM version unknown"), None);
    }
}
