//! `cargo xtask pgo`: the server as packages and images have it, optimised for what an
//! instrumented build of it was seen to do under a training load.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, iter};

use anyhow::{Context, Result, bail};

use crate::compiler::Compiler;
use crate::process::{cargo, output_of, show, target_folder};
use crate::profdata::Profdata;
use crate::training;

pub(crate) fn run() -> Result<()> {
    let compiler = Compiler::get()?;
    refuse_other_machines(&compiler)?;
    let target = target_folder()?;
    let folder = target.join("pgo");
    // First, because the builds take minutes.
    let profdata = Profdata::get(&compiler)?;

    println!("Building the load generator and an instrumented server.");
    let load = load_generator(&target)?;
    let profiles = emptied(folder.join("profiles"))?;
    let generate = format!("-Cprofile-generate={}", profiles.display());
    let instrumented = build(&compiler, &generate, &folder.join("instrumented"))?;

    println!("Training it.");
    training::run(&instrumented, &load, &profiles)?;
    let merged = merge(&profdata, &profiles)?;

    println!("Building the server with what was learnt.");
    // Cargo would not notice that the profile is another one.
    let optimised = emptied(folder.join("optimised"))?;
    let built = build(&compiler, &format!("-Cprofile-use={}", merged.display()), &optimised)?;
    let server = folder.join("tandem");
    fs::copy(&built, &server)?;
    let megabytes = fs::metadata(&server)?.len() as f64 / 1e6;
    println!(
        "\n{} ({megabytes:.1} MB)\n\n\
         It is `cargo build --release` but for the profile: install this file in its place.\n\
         To measure it: cargo xtask bench peers --goals --real-time --tandem {0}",
        server.display()
    );
    Ok(())
}

/// The training runs what was built.
fn refuse_other_machines(compiler: &Compiler) -> Result<()> {
    let Ok(other) = env::var("CARGO_BUILD_TARGET") else { return Ok(()) };
    if other == compiler.host {
        return Ok(());
    }
    bail!(
        "CARGO_BUILD_TARGET is {other}, this machine is {}: a profile is made by running the \
         server, so run this on a machine of that kind.",
        compiler.host
    )
}

/// Builds the program that makes the load, quickly: it is not what is measured.
fn load_generator(target: &Path) -> Result<PathBuf> {
    let build = ["build", "--profile", "fast", "--package", "tandem-benches"];
    show(cargo(&build).args(["--bin", "tandem-bench"]).env_remove("CARGO_BUILD_TARGET"))?;
    Ok(target.join("fast/tandem-bench"))
}

/// Builds the server with one more compiler flag. To name the target keeps the flag from build
/// scripts and macros, which would write profiles of their own.
fn build(compiler: &Compiler, flag: &str, folder: &Path) -> Result<PathBuf> {
    let Compiler { host, .. } = compiler;
    let mut command = cargo(&["build", "--release", "--package", "tandem", "--target", host]);
    command.arg("--target-dir").arg(folder);
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").ok();
    let plain = env::var("RUSTFLAGS").ok();
    if let Some(flags) = with_flag(encoded.as_deref(), plain.as_deref(), flag) {
        command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    } else {
        // Flags of the environment would hide those of the configuration; these join them.
        let flags = toml::Value::from(vec![flag]);
        command.arg("--config").arg(format!("target.{host}.rustflags={flags}"));
    }
    show(&mut command)?;
    Ok(folder.join(host).join("release/tandem"))
}

/// The environment's compiler flags and one more, as cargo reads them from
/// `CARGO_ENCODED_RUSTFLAGS`; `None` where it has none.
fn with_flag(encoded: Option<&str>, plain: Option<&str>, flag: &str) -> Option<String> {
    let given: Vec<&str> = match (encoded, plain) {
        (Some(encoded), _) => encoded.split('\x1f').collect(),
        (None, Some(plain)) => plain.split_whitespace().collect(),
        (None, None) => return None,
    };
    let given = given.into_iter().filter(|it| !it.is_empty());
    Some(given.chain(iter::once(flag)).collect::<Vec<_>>().join("\x1f"))
}

/// Makes one profile of those that the server wrote.
fn merge(profdata: &Profdata, folder: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let is_raw = |it: &PathBuf| it.extension().is_some_and(|it| it == training::RAW);
    let raw: Vec<PathBuf> = files.iter().map(fs::DirEntry::path).filter(is_raw).collect();
    if raw.is_empty() {
        bail!("the instrumented server wrote no profile: do other compiler flags take its place?");
    }
    let merged = folder.join("merged.profdata");
    let mut command: Command = profdata.command();
    output_of(command.arg("merge").arg("--output").arg(&merged).args(&raw))?;
    Ok(merged)
}

/// A folder with nothing in it.
fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_environment_are_kept() {
        assert_eq!(with_flag(None, None, "-Cx"), None);
        let plain = with_flag(None, Some(" -Ctarget-cpu=native  -g"), "-Cx");
        assert_eq!(plain.as_deref(), Some("-Ctarget-cpu=native\x1f-g\x1f-Cx"));
        // As in cargo, the encoded ones hide the others.
        let encoded = with_flag(Some("-Clink-arg=a b\x1f-g"), Some("-Cy"), "-Cx");
        assert_eq!(encoded.as_deref(), Some("-Clink-arg=a b\x1f-g\x1f-Cx"));
        assert_eq!(with_flag(Some(""), None, "-Cx").as_deref(), Some("-Cx"));
    }
}
