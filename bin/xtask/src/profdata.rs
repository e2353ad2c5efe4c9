//! `llvm-profdata`, of the LLVM that the compiler has: another cannot read its profiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tandem_tests::oracle;

use crate::apt::Apt;
use crate::compiler::{Compiler, llvm_major};
use crate::process::{output_of, replace_folder};
use crate::report::explain;

/// One that starts and is of the right version.
pub(crate) struct Profdata {
    program: PathBuf,
    /// Where its libraries are, when the loader does not know that itself.
    libraries: Option<PathBuf>,
}

impl Profdata {
    /// Finds one, and fetches it if there is none.
    pub(crate) fn get(compiler: &Compiler) -> Result<Profdata> {
        let llvm = compiler.llvm;
        let folder = oracle::cache_folder().join(format!("llvm-{llvm}"));
        let ours = installed(compiler).chain(Profdata::in_folder(&folder, llvm));
        if let Some(found) = first_of_version(ours, llvm, Profdata::version) {
            return Ok(found);
        }
        let fetched = unpack(&folder, llvm).and_then(|()| {
            let unpacked = Profdata::in_folder(&folder, llvm);
            first_of_version(unpacked, llvm, Profdata::version)
                .with_context(|| format!("what is in {} does not start", folder.display()))
        });
        fetched.map_err(|reason| {
            anyhow::anyhow!(
                "There is no llvm-profdata of LLVM {llvm}, the compiler's, and its package cannot \
                 be had:\n{}\n\n\
                 Install it with: rustup component add llvm-tools\n\
                 or put llvm-profdata-{llvm} on the PATH.",
                explain(&reason)
            )
        })
    }

    /// That of an unpacked package, if there is one.
    fn in_folder(folder: &Path, llvm: u32) -> impl Iterator<Item = Profdata> {
        let program = folder.join(format!("usr/lib/llvm-{llvm}/bin/llvm-profdata"));
        let libraries = fs::read_dir(folder.join("usr/lib")).into_iter().flatten().flatten();
        let is_shared = |it: &PathBuf| it.to_string_lossy().ends_with("-linux-gnu");
        let libraries = libraries.map(|it| it.path()).find(is_shared);
        program.is_file().then_some(Profdata { program, libraries }).into_iter()
    }

    fn version(&self) -> Option<u32> {
        llvm_major(&output_of(self.command().arg("--version")).ok()?)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

/// Where one can be, the likeliest first: rustup's component, then the PATH.
fn installed(compiler: &Compiler) -> impl Iterator<Item = Profdata> {
    let tools = compiler.sysroot.join("lib/rustlib").join(&compiler.host).join("bin");
    let versioned = format!("llvm-profdata-{}", compiler.llvm);
    let programs = [tools.join("llvm-profdata"), versioned.into(), "llvm-profdata".into()];
    programs.into_iter().map(|program| Profdata { program, libraries: None })
}

fn first_of_version<T>(
    candidates: impl Iterator<Item = T>,
    llvm: u32,
    version: impl Fn(&T) -> Option<u32>,
) -> Option<T> {
    let mut candidates = candidates;
    candidates.find(|it| version(it) == Some(llvm))
}

// The machine's own release: a program of another one may need another C library.
fn unpack(folder: &Path, llvm: u32) -> Result<()> {
    if !Apt::is_available() {
        bail!("this machine has no apt-get and dpkg");
    }
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    replace_folder(folder, |draft| {
        let workshop = draft.join("apt");
        Apt::of_machine(&workshop)?.unpack(&[&format!("llvm-{llvm}")], draft)?;
        fs::remove_dir_all(workshop)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_right_version_is_chosen_whatever_others_there_are() {
        let choose = |candidates: &[(&'static str, Option<u32>)]| {
            let chosen = first_of_version(candidates.iter(), 22, |it| it.1);
            chosen.map(|it| it.0)
        };
        assert_eq!(choose(&[("older", Some(14)), ("right", Some(22))]), Some("right"));
        assert_eq!(choose(&[("silent", None), ("right", Some(22))]), Some("right"));
        assert_eq!(choose(&[("first", Some(22)), ("second", Some(22))]), Some("first"));
        assert_eq!(choose(&[("newer", Some(23)), ("silent", None)]), None);
    }

    #[test]
    fn the_compilers_own_tools_are_tried_before_the_path() {
        let compiler =
            Compiler { host: "x86_64-unknown-linux-gnu".into(), llvm: 22, sysroot: "/rust".into() };
        let programs: Vec<PathBuf> = installed(&compiler).map(|it| it.program).collect();
        let own = "/rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-profdata";
        assert_eq!(programs, [own, "llvm-profdata-22", "llvm-profdata"].map(PathBuf::from));
    }

    #[test]
    fn an_unpacked_package_is_found_with_its_libraries() {
        let folder = std::env::temp_dir().join(format!("tandem-llvm-{}", std::process::id()));
        assert_eq!(Profdata::in_folder(&folder, 22).count(), 0);
        let libraries = folder.join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&libraries).unwrap();
        let program = folder.join("usr/lib/llvm-22/bin/llvm-profdata");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "").unwrap();
        let found = Profdata::in_folder(&folder, 22).next().unwrap();
        assert_eq!((found.program, found.libraries), (program, Some(libraries)));
        assert_eq!(Profdata::in_folder(&folder, 21).count(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}
