//! A script's first line, if it says how to run it: `#!lua flags=no-writes,allow-oom`.

use crate::error::Error;

/// What a script says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shebang {
    /// False for scripts without such a line, which may do what their commands may.
    pub(super) is_there: bool,
    pub(super) no_writes: bool,
    pub(super) allow_oom: bool,
}

impl Shebang {
    /// Reads the line. Also where the program begins: behind it, its line end included.
    pub(super) fn parse(source: &[u8]) -> Result<(Shebang, usize), Error> {
        if !source.starts_with(b"#!") {
            return Ok((Shebang::default(), 0));
        }
        let Some(end) = memchr::memchr(b'\n', source) else {
            return Err(Error::said("ERR Invalid script shebang"));
        };
        let mut words = source[2..end].split(u8::is_ascii_whitespace).filter(|it| !it.is_empty());
        let engine = words.next().unwrap_or_default();
        if !engine.eq_ignore_ascii_case(b"lua") {
            return Err(Error::quoting("ERR Could not find scripting engine '", engine, "'"));
        }
        let mut shebang = Shebang { is_there: true, ..Shebang::default() };
        for word in words {
            let Some(flags) = word.strip_prefix(b"flags=") else {
                return Err(Error::quoting("ERR Unknown lua shebang option: ", word, ""));
            };
            for flag in flags.split(|it| *it == b',').filter(|it| !it.is_empty()) {
                shebang.set(flag)?;
            }
        }
        Ok((shebang, end))
    }

    fn set(&mut self, flag: &[u8]) -> Result<(), Error> {
        match flag {
            b"no-writes" => {
                self.no_writes = true;
                self.allow_oom = true;
            }
            b"allow-oom" => self.allow_oom = true,
            // There is no cluster and nothing stale: these are always so.
            b"allow-stale" | b"no-cluster" | b"allow-cross-slot-keys" => {}
            _ => return Err(Error::quoting("ERR Unexpected flag in script shebang: ", flag, "")),
        }
        Ok(())
    }
}
