//! memcached's command-line letters, one row each.

use crate::settings::{Protocol, Settings, SettingsError, extended};

/// A letter of the command line.
pub(super) struct Letter {
    pub(super) short: u8,
    pub(super) long: &'static str,
    /// What follows the letter, if anything does.
    pub(super) argument: Option<&'static str>,
    pub(super) meaning: &'static str,
    apply: fn(&mut Settings, &str) -> Result<(), String>,
}

/// An item is at least this big, at most a gigabyte, as in memcached.
const ITEM_BYTES_MIN: usize = 1 << 10;
const ITEM_BYTES_MAX: usize = 1 << 30;
/// More connections than this are a typing error.
const CONNECTIONS_MAX: usize = 1_000_000;
/// More threads than this are a typing error.
const THREADS_MAX: usize = 1024;

const fn switch(
    letter: u8,
    long: &'static str,
    meaning: &'static str,
    apply: fn(&mut Settings, &str) -> Result<(), String>,
) -> Letter {
    Letter { short: letter, long, argument: None, meaning, apply }
}

const fn option(
    letter: u8,
    long: &'static str,
    argument: &'static str,
    meaning: &'static str,
    apply: fn(&mut Settings, &str) -> Result<(), String>,
) -> Letter {
    Letter { short: letter, long, argument: Some(argument), meaning, apply }
}

#[rustfmt::skip]
pub(super) const LETTERS: &[Letter] = &[
    option(b'p', "port", "num", "TCP port",
        |it, arg| put(&mut it.port, Some(number(arg, 0, u16::MAX)?))),
    option(b'U', "udp-port", "num", "UDP port, 0 for none",
        |it, arg| put(&mut it.udp_port, number(arg, 0, u16::MAX)?)),
    option(b's', "unix-socket", "path", "unix socket to listen on",
        |it, arg| put(&mut it.unix_socket, Some(arg.into()))),
    option(b'a', "unix-mask", "mask", "access mask of the unix socket, octal", unix_mask),
    option(b'l', "listen", "addr", "addresses to listen on, by comma", listen),
    option(b'm', "memory-limit", "megabytes", "memory for items",
        |it, arg| put(&mut it.memory_max_bytes, number::<u64>(arg, 1, 1 << 30)? << 20)),
    option(b'c', "conn-limit", "num", "most connections at a time",
        |it, arg| put(&mut it.connections_max, number(arg, 1, CONNECTIONS_MAX)?)),
    option(b't', "threads", "num", "worker threads",
        |it, arg| put(&mut it.n_threads, Some(number(arg, 1, THREADS_MAX)?))),
    option(b'R', "max-reqs-per-event", "num", "commands of one connection at a time",
        |it, arg| put(&mut it.requests_per_event, number(arg, 1, 1 << 20)?)),
    option(b'I', "max-item-size", "bytes", "biggest item, with k, m or g",
        |it, arg| put(&mut it.item_bytes_max, item_bytes(arg)?)),
    option(b'b', "listen-backlog", "num", "length of the accept queue",
        |it, arg| put(&mut it.backlog, number(arg, 1, 1 << 20)?)),
    option(b'D', "delimiter", "char", "end of a key's prefix in stats detail", delimiter),
    option(b'f', "slab-growth-factor", "factor", "shapes the classes of stats", growth_factor),
    option(b'n', "slab-min-size", "bytes", "shapes the classes of stats",
        |it, arg| put(&mut it.chunk_bytes, number(arg, 1, 1 << 20)?)),
    option(b'B', "protocol", "name", "ascii, binary or auto", protocol),
    option(b'Y', "auth-file", "path", "name:password lines, for text clients alone", auth_file),
    switch(b'S', "enable-sasl", "binary clients alone, with names and passwords",
        |it, _| { it.sasl = true; only(it, Protocol::Binary) }),
    option(b'u', "user", "name", "accepted: the service manager sets the user",
        |it, _| note(it, "-u has no effect: the service manager sets the user")),
    option(b'e', "memory-file", "path", "accepted, without meaning here",
        |it, _| note(it, "-e has no effect: nothing is kept over a restart")),
    option(b'N', "napi-ids", "num", "accepted, without meaning here",
        |it, _| note(it, "-N has no effect: connections go to the worker with the fewest")),
    option(b'P', "pidfile", "path", "file for the process id",
        |it, arg| put(&mut it.pid_file, Some(arg.into()))),
    option(b'o', "extended", "list", "memcached's further options, by comma", extended::apply),
    switch(b'A', "enable-shutdown", "lets clients end the server",
        |it, _| put(&mut it.shutdown, true)),
    switch(b'M', "disable-evictions", "refuses stores when memory is full",
        |it, _| put(&mut it.evictions, false)),
    switch(b'C', "disable-cas", "no CAS numbers", |it, _| put(&mut it.cas, false)),
    switch(b'F', "disable-flush-all", "refuses flush_all", |it, _| put(&mut it.flush, false)),
    switch(b'X', "disable-dumping", "refuses all dumps of keys",
        |it, _| put(&mut it.dump, false)),
    switch(b'W', "disable-watch", "refuses watch", |it, _| put(&mut it.watch, false)),
    switch(b'v', "verbose", "more words in the log, again for more",
        |it, _| { it.verbosity += 1; Ok(()) }),
    switch(b'd', "daemon", "accepted: the service manager does it",
        |it, _| note(it, "-d has no effect: the service manager keeps it in the background")),
    switch(b'k', "lock-memory", "accepted, without meaning here",
        |it, _| note(it, "-k has no effect: memory is not locked")),
    switch(b'L', "enable-largepages", "accepted, without meaning here",
        |it, _| note(it, "-L has no effect: the system chooses the size of pages")),
    switch(b'r', "enable-coredumps", "accepted: the service manager does it",
        |it, _| note(it, "-r has no effect: the service manager sets limits")),
];

/// Reads letters as `getopt` does: `-m 64`, `-m64`, `-vvM`, `--memory-limit=64`.
pub(super) fn apply(settings: &mut Settings, args: &[String]) -> Result<(), SettingsError> {
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if let Some(long) = arg.strip_prefix("--") {
            apply_long(settings, long, &mut args)?;
        } else if let Some(letters) = arg.strip_prefix('-').filter(|it| !it.is_empty()) {
            apply_letters(settings, letters, &mut args)?;
        } else {
            return Err(SettingsError(format!("{arg} is not an option of memcached")));
        }
    }
    Ok(())
}

fn apply_long<'a>(
    settings: &mut Settings,
    long: &str,
    args: &mut impl Iterator<Item = &'a str>,
) -> Result<(), SettingsError> {
    let (name, given) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (long, None),
    };
    let row = LETTERS.iter().find(|it| it.long == name);
    let row = row.ok_or_else(|| SettingsError(format!("--{name} is not supported")))?;
    let value = match row.argument {
        Some(_) => given.or_else(|| args.next()).ok_or_else(|| missing(row))?,
        None => "",
    };
    run(row, settings, value)
}

fn apply_letters<'a>(
    settings: &mut Settings,
    letters: &'a str,
    args: &mut impl Iterator<Item = &'a str>,
) -> Result<(), SettingsError> {
    for (at, letter) in letters.char_indices() {
        let row = LETTERS.iter().find(|it| it.short as char == letter);
        let row = row.ok_or_else(|| SettingsError(format!("-{letter} is not supported")))?;
        if row.argument.is_none() {
            run(row, settings, "")?;
            continue;
        }
        let glued = &letters[at + letter.len_utf8()..];
        let value = if glued.is_empty() { args.next() } else { Some(glued) };
        return run(row, settings, value.ok_or_else(|| missing(row))?);
    }
    Ok(())
}

fn run(row: &Letter, settings: &mut Settings, value: &str) -> Result<(), SettingsError> {
    (row.apply)(settings, value).map_err(|why| {
        SettingsError(format!("-{} (--{}) {value}: {why}", row.short as char, row.long))
    })
}

fn missing(row: &Letter) -> SettingsError {
    SettingsError(format!("-{} (--{}) needs a value", row.short as char, row.long))
}

pub(super) fn put<T>(to: &mut T, value: T) -> Result<(), String> {
    *to = value;
    Ok(())
}

pub(super) fn number<T>(arg: &str, min: T, max: T) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let value = arg.parse::<T>().ok().filter(|it| *it >= min && *it <= max);
    value.ok_or_else(|| format!("expected a number from {min} to {max}"))
}

fn note(settings: &mut Settings, words: &str) -> Result<(), String> {
    settings.note(words.to_owned());
    Ok(())
}

fn item_bytes(arg: &str) -> Result<usize, String> {
    let (digits, shift) = match arg.as_bytes().last() {
        Some(b'k' | b'K') => (&arg[..arg.len() - 1], 10),
        Some(b'm' | b'M') => (&arg[..arg.len() - 1], 20),
        // memcached wants 1024m.
        Some(b'g' | b'G') => (&arg[..arg.len() - 1], 30),
        _ => (arg, 0),
    };
    let bytes = number::<usize>(digits, 0, ITEM_BYTES_MAX)? << shift;
    if !(ITEM_BYTES_MIN..=ITEM_BYTES_MAX).contains(&bytes) {
        return Err("expected a size from 1k to 1g".into());
    }
    Ok(bytes)
}

fn unix_mask(settings: &mut Settings, arg: &str) -> Result<(), String> {
    settings.unix_mask = u32::from_str_radix(arg, 8).map_err(|_| "expected an octal number")?;
    Ok(())
}

fn listen(settings: &mut Settings, arg: &str) -> Result<(), String> {
    settings.listen.extend(arg.split(',').filter(|it| !it.is_empty()).map(Into::into));
    Ok(())
}

fn delimiter(settings: &mut Settings, arg: &str) -> Result<(), String> {
    let [delimiter] = arg.as_bytes() else { return Err("expected one character".into()) };
    settings.prefix_delimiter = *delimiter;
    settings.detail = true;
    Ok(())
}

fn growth_factor(settings: &mut Settings, arg: &str) -> Result<(), String> {
    let factor = arg.parse::<f64>().ok().filter(|it| *it > 1.0);
    settings.growth_factor = factor.ok_or("expected a number above 1")?;
    Ok(())
}

fn protocol(settings: &mut Settings, arg: &str) -> Result<(), String> {
    let protocol = match arg {
        "ascii" => Protocol::Ascii,
        "binary" => Protocol::Binary,
        "auto" => Protocol::Auto,
        _ => return Err("expected ascii, binary or auto".into()),
    };
    put(&mut settings.protocol, protocol)
}

fn auth_file(settings: &mut Settings, arg: &str) -> Result<(), String> {
    put(&mut settings.auth_file, Some(arg.into()))?;
    only(settings, Protocol::Ascii)
}

/// Names and passwords are for one protocol: the other would be a way around them.
fn only(settings: &mut Settings, protocol: Protocol) -> Result<(), String> {
    if settings.protocol == Protocol::Auto {
        settings.protocol = protocol;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(line: &str) -> Result<Settings, SettingsError> {
        let args: Vec<String> = line.split_whitespace().map(Into::into).collect();
        Settings::from_args(&args)
    }

    #[test]
    fn letters_read_as_getopt_reads_them() {
        let it = settings(
            "-m 128 -c2000 -vvM -I 2m --threads=3 --port 11311 -D . -o modern,idle_timeout=9",
        );
        let it = it.unwrap();
        assert_eq!(it.memory_max_bytes, 128 << 20);
        assert_eq!(it.connections_max, 2000);
        assert_eq!((it.verbosity, it.evictions), (2, false));
        assert_eq!(it.item_bytes_max, 2 << 20);
        assert_eq!((it.n_threads, it.port), (Some(3), Some(11311)));
        assert_eq!((it.prefix_delimiter, it.detail), (b'.', true));
        assert_eq!(it.idle_timeout_s, 9);
        assert_eq!(settings("-m 2048 -I 1g").unwrap().item_bytes_max, 1 << 30);
    }

    #[test]
    fn what_memcached_refuses_is_refused_with_the_range() {
        for (line, words) in [
            ("-I 512", "1k to 1g"),
            ("-I 1025m", "1k to 1g"),
            ("-I 1g", "half of the memory"),
            ("-I 48m", "half of the memory"),
            ("-m x", "from 1 to"),
            ("-U 65536", "from 0 to 65535"),
            ("-U 11211 -S", "names and passwords"),
            ("-Y file -U 11211", "names and passwords"),
            ("-o no_lru_maintainer,temporary_ttl=5", "lru_maintainer"),
            ("-c", "needs a value"),
            ("-?", "not supported"),
            ("--nope", "not supported"),
            ("64", "not an option"),
        ] {
            let error = settings(line).unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn letters_and_long_names_are_unique() {
        for row in LETTERS {
            let same = |it: &&Letter| it.short == row.short || it.long == row.long;
            assert_eq!(LETTERS.iter().filter(same).count(), 1, "{}", row.long);
        }
    }
}
