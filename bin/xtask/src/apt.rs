//! Debian packages without root: apt with its state in a folder of ours, and `dpkg -x`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{is_installed, output_of};

/// apt that leaves the machine's own state alone.
pub(crate) struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// Whether the machine has what this needs.
    pub(crate) fn is_available() -> bool {
        is_installed("apt-get") && is_installed("dpkg")
    }

    /// The sources that the machine is configured for, and what it has installed.
    pub(crate) fn of_machine(folder: &Path) -> Result<Apt> {
        let mut apt = Apt::new(folder)?;
        apt.option("Dir::State::status", "/var/lib/dpkg/status");
        apt.update()?;
        Ok(apt)
    }

    /// Another release, of which nothing is installed: a package comes with all that it needs.
    pub(crate) fn of_release(folder: &Path, release: &str) -> Result<Apt> {
        let keyring = keyring(&folder.join("keyring"))?;
        let mut failure = None;
        for mirror in mirrors() {
            let mut apt = Apt::new(folder)?;
            let status = folder.join("status");
            fs::write(&status, "")?;
            let list = folder.join("sources.list");
            fs::write(
                &list,
                format!("deb [signed-by={}] {mirror} {release} main\n", keyring.display()),
            )?;
            apt.option("Dir::State::status", &status.to_string_lossy());
            apt.option("Dir::Etc::sourcelist", &list.to_string_lossy());
            apt.option("Dir::Etc::sourceparts", "-");
            match apt.update() {
                Ok(()) => return Ok(apt),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.context("no mirror")?)
    }

    fn new(folder: &Path) -> Result<Apt> {
        fs::create_dir_all(folder.join("state/lists/partial"))?;
        fs::create_dir_all(folder.join("cache/archives/partial"))?;
        let mut apt = Apt { folder: folder.to_owned(), options: Vec::new() };
        apt.option("Dir::State", &folder.join("state").to_string_lossy());
        apt.option("Dir::Cache", &folder.join("cache").to_string_lossy());
        apt.option("Debug::NoLocking", "true");
        apt.option("APT::Install-Recommends", "false");
        // Root's apt would else download as a user who may not write here.
        apt.option("APT::Sandbox::User", "root");
        apt.option("Acquire::Languages", "none");
        Ok(apt)
    }

    fn option(&mut self, name: &str, value: &str) {
        self.options.extend(["-o".to_owned(), format!("{name}={value}")]);
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.args(&self.options).current_dir(&self.folder).env("LC_ALL", "C");
        command
    }

    fn update(&self) -> Result<()> {
        // Without this, a mirror that cannot be reached is only a warning.
        let strict = ["-o", "APT::Update::Error-Mode=any"];
        output_of(self.command().args(strict).arg("update")).map(drop)
    }

    /// Unpacks packages, with those that they need and that are not installed, below `root`.
    pub(crate) fn unpack(&self, packages: &[&str], root: &Path) -> Result<()> {
        let download = ["install", "--download-only", "--yes"];
        output_of(self.command().args(download).args(packages))?;
        unpack_all(&self.folder.join("cache/archives"), root)
    }

    /// Unpacks packages alone.
    pub(crate) fn unpack_alone(&self, packages: &[&str], root: &Path) -> Result<()> {
        output_of(self.command().arg("download").args(packages))?;
        unpack_all(&self.folder, root)
    }
}

/// Unpacks the packages that lie in a folder, and removes them.
fn unpack_all(folder: &Path, root: &Path) -> Result<()> {
    fs::create_dir_all(root)?;
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        if file.extension().is_some_and(|it| it == "deb") {
            output_of(Command::new("dpkg").arg("-x").arg(&file).arg(root))?;
            fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Where Debian can be had: the machine's own mirror if it is a Debian, and the public one.
fn mirrors() -> Vec<String> {
    if let Ok(chosen) = std::env::var("TANDEM_DEBIAN_MIRROR") {
        return vec![chosen];
    }
    let mut command = Command::new("apt-get");
    let sites = output_of(command.args(["indextargets", "--format", "$(REPO_URI)"]));
    let is_archive = |it: &&str| it.trim_end_matches('/').ends_with("/debian");
    let own = sites.unwrap_or_default();
    let own = own.lines().find(is_archive).map(str::to_owned);
    own.into_iter().chain(["https://deb.debian.org/debian".to_owned()]).collect()
}

/// Debian's keys, as new as the machine's own sources have them: an older machine, or one of
/// another distribution, does not know the keys of a newer Debian.
fn keyring(folder: &Path) -> Result<PathBuf> {
    let machine = PathBuf::from("/");
    let fetched = Apt::of_machine(&folder.join("apt"))
        .and_then(|apt| apt.unpack_alone(&["debian-archive-keyring"], folder));
    let roots = match fetched {
        Ok(()) => [folder, &machine],
        Err(_) => [machine.as_path(), folder],
    };
    let names = ["debian-archive-keyring.gpg", "debian-archive-keyring.pgp"];
    let paths = roots
        .iter()
        .flat_map(|root| names.map(|name| root.join("usr/share/keyrings").join(name)))
        .collect::<Vec<_>>();
    let found = paths.into_iter().find(|it| it.exists());
    found.context("the package debian-archive-keyring can neither be found nor fetched")
}
