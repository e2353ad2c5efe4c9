//! Running other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What a program wrote, both streams in the order in which it wrote them.
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) succeeded: bool,
}

/// Runs a command to its end and keeps what it writes.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", name(command)))?;
    // The command holds the pipe's writing ends until it has others: the reader would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut reader, &mut bytes)?;
    let succeeded = child.wait()?.success();
    Ok(Output { text: String::from_utf8_lossy(&bytes).into_owned(), succeeded })
}

/// Runs a command that has to succeed; the error is what it wrote.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if !output.succeeded {
        bail!("{}\n{} failed", output.text.trim_end(), name(command));
    }
    Ok(output.text)
}

/// Runs a command that has to succeed and shows what it writes as it comes.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        bail!("{} failed", name(command));
    }
    Ok(())
}

/// A cargo command in the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(workspace());
    command
}

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = manifest.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned());
    own.ancestors().nth(2).map_or(own.clone(), Path::to_owned)
}

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from);
    target.context("no target directory")
}

/// `cargo metadata` of the whole workspace.
pub(crate) fn metadata() -> Result<Value> {
    let text = output_of(&mut cargo(&["metadata", "--format-version=1", "--quiet"]))?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

/// Sends a process the signal of this name, such as `-TERM`; it may have ended by itself.
pub(crate) fn signal(pid: u32, name: &str) {
    let line = [name, &pid.to_string()].map(str::to_owned);
    let _ = Command::new("sh").args(["-c", r#"kill "$0" "$1""#]).args(line).output();
}

/// Whether a program is on the PATH.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Makes a new folder whole or not at all: `fill` works in one beside it, which then takes its
/// place. Two that do so at once do not disturb each other, and one that is cut off leaves nothing
/// that looks finished.
pub(crate) fn replace_folder<T>(folder: &Path, fill: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let draft = folder.with_extension(format!("draft-{}", std::process::id()));
    fs::create_dir_all(&draft)?;
    let filled = fill(&draft).and_then(|filled| {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::rename(&draft, folder)?;
        Ok(filled)
    });
    if filled.is_err() {
        fs::remove_dir_all(&draft)?;
    }
    filled
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
