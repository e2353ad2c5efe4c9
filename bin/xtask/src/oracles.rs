//! Getting the servers that Tandem is compared with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tandem_tests::oracle::{self, Kind, Program};

use crate::apt::Apt;
use crate::process::replace_folder;
use crate::report::explain;

/// The Debian release whose servers we compare with.
const RELEASE: &str = "trixie";

/// The last has SASL's PLAIN, which memcached finds when it is there.
const PACKAGES: [&str; 6] = [
    "valkey-server",
    "valkey-tools",
    "redis-server",
    "redis-tools",
    "memcached",
    "libsasl2-modules",
];

/// Sees to it that all servers can be started, and says which versions they are.
pub(crate) fn install() -> Result<String> {
    let folder = oracle::oracles_folder();
    let in_folder = || all(|kind| Program::in_folder(kind, &folder));
    if let Ok(found) = in_folder() {
        return Ok(describe(&found, "kept"));
    }
    let unpacked = unpack(&folder).and_then(|()| in_folder());
    let reason = match unpacked {
        Ok(found) => return Ok(describe(&found, "fetched")),
        Err(reason) => reason,
    };
    let found = all(Program::locate).with_context(|| {
        format!(
            "The servers to compare with are missing, and Debian's cannot be had:\n{}\n\n\
             Install valkey-server {}, redis-server {} and memcached {} or newer on the PATH, or \
             name a folder with them below usr/bin in TANDEM_ORACLES.",
            explain(&reason),
            Kind::Valkey.version_min(),
            Kind::Redis.version_min(),
            Kind::Memcached.version_min(),
        )
    })?;
    Ok(describe(&found, "on the PATH"))
}

fn unpack(folder: &Path) -> Result<()> {
    // A folder of the user's is not ours to fill, let alone to replace.
    if std::env::var_os("TANDEM_ORACLES").is_some() {
        bail!("TANDEM_ORACLES names a folder that lacks them");
    }
    if !Apt::is_available() {
        bail!("this machine has no apt-get and dpkg");
    }
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    replace_folder(folder, |draft| {
        let workshop = draft.join("apt");
        Apt::of_release(&workshop, RELEASE)?.unpack(&PACKAGES, draft)?;
        fs::remove_dir_all(workshop)?;
        Ok(())
    })
}

fn all(find: impl Fn(Kind) -> std::io::Result<Program>) -> Result<Vec<Program>> {
    Kind::ALL.iter().map(|&kind| find(kind).map_err(anyhow::Error::from)).collect()
}

fn describe(found: &[Program], origin: &str) -> String {
    let names: Vec<String> = found.iter().map(|it| format!("{} {}", it.kind, it.version)).collect();
    format!("{} ({origin})", names.join(", "))
}
