//! Valgrind: the machine's own, or the package of its distribution unpacked in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tandem_tests::oracle;

use crate::apt::Apt;
use crate::process::{is_installed, output_of, replace_folder};
use crate::report::explain;

/// A valgrind that starts.
pub(crate) struct Valgrind {
    program: PathBuf,
    /// Where its tools are, when it does not know that itself.
    library: Option<PathBuf>,
    /// As in `valgrind-3.24.0`.
    pub(crate) version: String,
}

impl Valgrind {
    /// Finds one, and fetches it if there is none.
    pub(crate) fn get() -> Result<Valgrind> {
        if is_installed("valgrind") {
            return Valgrind::new("valgrind".into(), None);
        }
        let folder = oracle::cache_folder().join("valgrind");
        if let Ok(kept) = Valgrind::in_folder(&folder) {
            return Ok(kept);
        }
        unpack(&folder).and_then(|()| Valgrind::in_folder(&folder)).map_err(|reason| {
            anyhow::anyhow!(
                "valgrind is not on the PATH, and its package cannot be had:\n{}\n\n\
                 Install valgrind.",
                explain(&reason)
            )
        })
    }

    /// That of an unpacked package.
    fn in_folder(folder: &Path) -> Result<Valgrind> {
        let libraries = LIBRARIES.map(|it| folder.join(it));
        let library = libraries.into_iter().find(|it| it.is_dir());
        let library = library.with_context(|| format!("no valgrind in {}", folder.display()))?;
        // Debian's `valgrind` is a script around this.
        Valgrind::new(folder.join("usr/bin/valgrind.bin"), Some(library))
    }

    fn new(program: PathBuf, library: Option<PathBuf>) -> Result<Valgrind> {
        let mut valgrind = Valgrind { program, library, version: String::new() };
        let version = output_of(valgrind.command().arg("--version"))?;
        version.trim().clone_into(&mut valgrind.version);
        Ok(valgrind)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(library) = &self.library {
            command.env("VALGRIND_LIB", library);
        }
        command
    }
}

// The machine's own release: a valgrind of another one may need another C library.
fn unpack(folder: &Path) -> Result<()> {
    if !Apt::is_available() {
        bail!("this machine has no apt-get and dpkg");
    }
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    replace_folder(folder, |draft| {
        let workshop = draft.join("apt");
        Apt::of_machine(&workshop)?.unpack_alone(&["valgrind"], draft)?;
        fs::remove_dir_all(workshop)?;
        Ok(())
    })
}

/// Where packages of valgrind have its tools.
const LIBRARIES: [&str; 2] = ["usr/libexec/valgrind", "usr/lib/x86_64-linux-gnu/valgrind"];
