//! A Python with the client libraries, in a virtual environment of the cache.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tandem_tests::oracle;

use crate::apt::Apt;
use crate::process::{is_installed, output_of, workspace};
use crate::report::explain;

/// Sees to it that the environment is there and has the pinned libraries; gives its interpreter.
pub(crate) fn install() -> Result<(PathBuf, &'static str)> {
    let folder = oracle::cache_folder().join("python");
    let python = interpreter(&folder);
    let wanted = fs::read_to_string(workspace().join(REQUIREMENTS))?;
    let stamp = folder.join("requirements.txt");
    let has = fs::read_to_string(&stamp).is_ok_and(|it| it == wanted);
    if has && output_of(Command::new(&python).args(["-c", "import pylibmc"])).is_ok() {
        return Ok((python, "kept"));
    }
    make(&folder).context("the Python environment for the client tests cannot be made")?;
    fs::write(stamp, wanted)?;
    Ok((python, "made"))
}

/// The environment's interpreter, when it is there.
pub(crate) fn installed() -> PathBuf {
    interpreter(&oracle::cache_folder().join("python"))
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

// An environment's scripts name its folder, so it cannot be made elsewhere and moved.
fn make(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    find_python()?;
    let venv = |options: &[&str]| {
        output_of(Command::new("python3").args(["-m", "venv"]).args(options).arg(folder))
    };
    let mut pip: Vec<OsString> = ["-m", "pip"].map(OsString::from).into();
    if output_of(Command::new("python3").args(["-c", "import ensurepip"])).is_ok() {
        venv(&[])?;
    } else {
        venv(&["--without-pip"])?;
        pip = vec![pip_wheel(&folder.join("pip"))?.into()];
    }
    let mut install = Command::new(interpreter(folder));
    install.args(pip).args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    install.arg(workspace().join(REQUIREMENTS));
    let Err(reason) = output_of(&mut install) else { return Ok(()) };
    // No built pylibmc for this Python, most likely: build it.
    let headers = headers(&folder.join("headers"))
        .map_err(|it| it.context(HEADERS_HINT).context(explain(&reason)))?;
    output_of(install.envs(headers)).context(HEADERS_HINT).map(drop)
}

fn find_python() -> Result<()> {
    if !is_installed("python3") && Apt::is_available() {
        // Works for root only; what it says matters less than what is then still missing.
        let _ = output_of(Command::new("apt-get").arg("update"));
        let _ = output_of(Command::new("apt-get").args(["install", "--yes", "python3"]));
    }
    let question = "import sys; sys.exit(sys.version_info < (3, 10))";
    if output_of(Command::new("python3").args(["-c", question])).is_err() {
        bail!("python3 (3.10 or newer) is not on the PATH: install it");
    }
    Ok(())
}

/// pip from Debian's package of wheels, for a Python that comes without: Debian's own is one.
fn pip_wheel(folder: &Path) -> Result<PathBuf> {
    if !Apt::is_available() {
        bail!("this Python has no ensurepip: install it, or a Python that has it");
    }
    Apt::of_machine(&folder.join("apt"))?.unpack_alone(&["python3-pip-whl"], folder)?;
    let wheels = fs::read_dir(folder.join("usr/share/python-wheels"))?;
    let mut paths = wheels.filter_map(Result::ok).map(|it| it.path());
    let is_pip =
        |it: &PathBuf| it.file_name().is_some_and(|it| it.as_encoded_bytes().starts_with(b"pip-"));
    // A wheel is an archive that Python can run a module of.
    paths.find(is_pip).map(|it| it.join("pip")).context("python3-pip-whl has no pip")
}

/// What a compiler has to be told to build pylibmc with headers that are not installed.
fn headers(folder: &Path) -> Result<Vec<(&'static str, OsString)>> {
    if !Apt::is_available() {
        bail!("this machine has no apt-get and dpkg");
    }
    let packages = ["libmemcached-dev", "zlib1g-dev", "libsasl2-dev", "libpython3-dev"];
    let apt = Apt::of_machine(&folder.join("apt"))?;
    apt.unpack(&packages, folder)?;
    // An installed library is not fetched, and the link to it in the package of headers is broken.
    apt.unpack_alone(&["zlib1g"], folder)?;
    let include = folder.join("usr/include");
    let python = "import sysconfig; print(sysconfig.get_config_var('py_version_short'), \
                  sysconfig.get_config_var('MULTIARCH') or '.')";
    let answer = output_of(Command::new("python3").args(["-c", python]))?;
    let (version, triple) = answer.trim().split_once(' ').context("an odd Python")?;
    let own = include.join(format!("python{version}"));
    let libraries = folder.join("usr/lib").join(triple);
    let flags = format!("-I{} -I{}", include.display(), own.display());
    // The old kind of path serves the libraries' own libraries too.
    let link = format!("-L{0} -Wl,-rpath,{0},--disable-new-dtags", libraries.display());
    Ok(vec![("CFLAGS", flags.into()), ("LDFLAGS", link.into())])
}

const REQUIREMENTS: &str = "tests/clients/requirements.txt";

const HEADERS_HINT: &str = "pylibmc is built from source where there is no wheel for this Python, \
    and needs a C compiler and the headers of libmemcached, zlib and Python. \
    Debian: apt-get install libmemcached-dev zlib1g-dev python3-dev; \
    Fedora: dnf install libmemcached-awesome-devel zlib-devel python3-devel; \
    macOS: brew install libmemcached";
