//! What memcached needs to ask for names and passwords by SASL: the library's part for PLAIN, and a
//! service that knows who is who, which is here a thread of the test.

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::oracle::{Kind, Oracle, oracles_folder};
use crate::process::scratch;

/// Starts a memcached that knows these names and passwords, or says why it cannot be had.
pub fn memcached(known: &'static [(&str, &str)]) -> Result<Oracle, String> {
    static N_STARTED: AtomicU32 = AtomicU32::new(0);
    let parts = parts_of_library().ok_or("the SASL library has no part for PLAIN here")?;
    let folder = scratch().join(format!("sasl-{}", N_STARTED.fetch_add(1, Ordering::Relaxed)));
    let failed = |error: io::Error| error.to_string();
    fs::create_dir_all(&folder).map_err(failed)?;
    let socket = folder.join("mux");
    serve(&socket, known).map_err(failed)?;
    let settings = format!(
        "mech_list: plain\npwcheck_method: saslauthd\nsaslauthd_path: {}\n",
        socket.display()
    );
    fs::write(folder.join("memcached.conf"), settings).map_err(failed)?;
    let variables = [("SASL_CONF_PATH", folder.as_path()), ("SASL_PATH", &parts)];
    Oracle::start_with(Kind::Memcached, &["-S"], &variables).map_err(failed)
}

/// Where the library's parts lie: beside the servers, or in the machine's own place.
fn parts_of_library() -> Option<PathBuf> {
    let roots = [oracles_folder(), PathBuf::from("/")];
    let libraries = roots.iter().filter_map(|root| fs::read_dir(root.join("usr/lib")).ok());
    let folders = libraries.flatten().filter_map(Result::ok).map(|it| it.path().join("sasl2"));
    folders.into_iter().find(|it| it.join("libplain.so").exists())
}

/// Answers those who ask whether a name and a password belong together.
fn serve(path: &Path, known: &'static [(&str, &str)]) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // Whoever asks in other words than the library's gets no answer.
            let _ = judge(stream, known);
        }
    });
    Ok(())
}

/// A question is four words, each behind its length: name, password, service and realm.
fn judge(stream: UnixStream, known: &[(&str, &str)]) -> io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut word = || -> io::Result<Vec<u8>> {
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        let mut word = vec![0; usize::from(u16::from_be_bytes(length))];
        reader.read_exact(&mut word)?;
        Ok(word)
    };
    let words = [word()?, word()?, word()?, word()?];
    let is_these = |it: &(&str, &str)| words[0] == it.0.as_bytes() && words[1] == it.1.as_bytes();
    (&stream).write_all(if known.iter().any(is_these) { b"\0\x02OK" } else { b"\0\x02NO" })
}
