//! The file of names and passwords that clients of memcached's port have to know.

use std::path::{Path, PathBuf};

use tandem_memcached::{Passwords, Settings};

/// memcached's own name for where SASL's file is.
pub(crate) const SASL_FILE_VARIABLE: &str = "MEMCACHED_SASL_PWDB";

/// Which file, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct PasswordFile {
    /// Whole, as the working directory changes.
    path: PathBuf,
    read: fn(&[u8]) -> Result<Passwords, tandem_memcached::PasswordsError>,
}

impl PasswordFile {
    /// The file that the settings ask for, if they ask for one, and what is in it.
    pub(crate) fn of(settings: &Settings) -> Result<Option<(PasswordFile, Passwords)>, String> {
        let (path, read): (_, fn(&[u8]) -> _) = match (&settings.auth_file, settings.sasl) {
            (Some(path), _) => (path, Passwords::of_text),
            (None, false) => return Ok(None),
            (None, true) => {
                let path = settings.sasl_password_file.as_ref();
                (path.ok_or(NO_SASL_FILE)?, Passwords::of_sasl)
            }
        };
        let path = std::path::absolute(Path::new(path)).map_err(|e| format!("{path}: {e}"))?;
        let file = PasswordFile { path, read };
        let passwords = file.load()?;
        Ok(Some((file, passwords)))
    }

    /// Reads the file as it is now. An error names the line.
    pub(crate) fn load(&self) -> Result<Passwords, String> {
        let path = self.path.display();
        let text = std::fs::read(&self.path).map_err(|e| format!("{path}: {e}"))?;
        let passwords = (self.read)(&text).map_err(|e| format!("{path}: {e}"))?;
        if passwords.n_left_out > 0 {
            tracing::warn!(
                left_out = passwords.n_left_out,
                "{path}: memcached reads eight lines and so does this server"
            );
        }
        Ok(passwords)
    }
}

const NO_SASL_FILE: &str =
    "-S needs names and passwords: set sasl-password-file, or MEMCACHED_SASL_PWDB";
