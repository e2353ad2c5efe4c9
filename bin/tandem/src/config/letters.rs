//! memcached's option letters, so that scripts which start memcached can start Tandem.

use crate::cli::Given;

/// What a letter of memcached's means here.
enum Letter {
    /// Takes a value, which sets this key.
    Sets(&'static str),
    /// Takes a number of megabytes.
    Megabytes(&'static str),
    /// Takes no value and gives the key this one.
    Means(&'static str, &'static str),
    /// `-o name=value,name`: see `EXTENDED`.
    Extended,
    /// More log lines.
    Verbose,
    /// Has no meaning here and does no harm; says whether it takes a value, and why.
    Ignored(Takes, &'static str),
    /// Promises protection that is not there: better not to start.
    Refused(Takes, &'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Value,
    Nothing,
}

#[rustfmt::skip]
const LETTERS: &[(char, &str, Letter)] = &[
    ('p', "port", Letter::Sets("memcached.port")),
    ('s', "unix-socket", Letter::Sets("memcached.unixsocket")),
    ('a', "unix-mask", Letter::Sets("memcached.unixsocketperm")),
    ('l', "listen", Letter::Sets("memcached.bind")),
    ('m', "memory-limit", Letter::Megabytes("memcached.maxmemory")),
    ('c', "conn-limit", Letter::Sets("memcached.max-connections")),
    ('t', "threads", Letter::Sets("threads")),
    ('I', "max-item-size", Letter::Sets("memcached.max-item-size")),
    ('b', "listen-backlog", Letter::Sets("memcached.backlog")),
    ('R', "max-reqs-per-event", Letter::Sets("memcached.requests-per-event")),
    ('D', "", Letter::Sets("memcached.prefix-delimiter")),
    ('M', "disable-evictions", Letter::Means("memcached.error-on-memory-exhausted", "yes")),
    ('C', "disable-cas", Letter::Means("memcached.cas", "no")),
    ('F', "disable-flush-all", Letter::Means("memcached.flush-all", "no")),
    ('X', "disable-dumping", Letter::Means("memcached.dumping", "no")),
    ('W', "disable-watch", Letter::Means("memcached.watch", "no")),
    ('A', "enable-shutdown", Letter::Means("memcached.shutdown", "yes")),
    ('o', "extended", Letter::Extended),
    ('v', "verbose", Letter::Verbose),
    ('d', "daemon", Letter::Ignored(Takes::Nothing, "it stays in the foreground")),
    ('r', "enable-coredumps", Letter::Ignored(Takes::Nothing, "set ulimit -c instead")),
    ('u', "user", Letter::Ignored(Takes::Value, "start it as the user it should be")),
    ('P', "pidfile", Letter::Ignored(Takes::Value, "it writes no pid file")),
    ('U', "udp-port", Letter::Ignored(Takes::Value, "there is no UDP")),
    ('k', "lock-memory", Letter::Ignored(Takes::Nothing, "memory is not locked")),
    ('L', "enable-largepages", Letter::Ignored(Takes::Nothing, "the kernel's setting holds")),
    ('f', "slab-growth-factor", Letter::Ignored(Takes::Value, "there are no slab classes")),
    ('n', "slab-min-size", Letter::Ignored(Takes::Value, "there are no slab classes")),
    ('B', "protocol", Letter::Ignored(Takes::Value, "the first byte tells the protocol")),
    ('S', "enable-sasl", Letter::Refused(Takes::Nothing, "SASL is not there yet")),
    ('Y', "auth-file", Letter::Refused(Takes::Value, "passwords are not there yet")),
    ('Z', "enable-ssl", Letter::Refused(Takes::Nothing, "TLS is not there yet")),
    ('e', "memory-file", Letter::Refused(Takes::Value, "warm restart is not there yet")),
];

/// Names behind `-o` that set something. Others tune slabs and crawlers, which are not here.
const EXTENDED: &[(&str, &str)] = &[
    ("idle_timeout", "memcached.idle-timeout"),
    ("track_sizes", "memcached.track-sizes"),
];

/// The settings that the letters stand for, and warnings about those that mean nothing here.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) given: Vec<Given>,
    pub(crate) warnings: Vec<String>,
}

pub(crate) fn read(arguments: &[String]) -> Result<Read, String> {
    let mut read = Read::default();
    let mut n_verbose = 0;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if let Some(long) = argument.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let row = LETTERS.iter().find(|it| !it.1.is_empty() && it.1 == name);
            let (_, _, letter) = row.ok_or_else(|| unknown(argument))?;
            take(letter, argument, || value.or_else(|| arguments.next().cloned()), &mut read)?;
            n_verbose += u8::from(matches!(letter, Letter::Verbose));
            continue;
        }
        let bundle = argument.strip_prefix('-').ok_or_else(|| unknown(argument))?;
        let mut rest = bundle;
        while let Some(name) = rest.chars().next() {
            rest = &rest[name.len_utf8()..];
            let typed = format!("-{name}");
            let row = LETTERS.iter().find(|it| it.0 == name).ok_or_else(|| unknown(&typed))?;
            let attached = std::mem::take(&mut rest);
            if takes_value(&row.2) {
                let attached = (!attached.is_empty()).then(|| attached.to_owned());
                let value = || attached.or_else(|| arguments.next().cloned());
                take(&row.2, &typed, value, &mut read)?;
            } else {
                take(&row.2, &typed, || None, &mut read)?;
                rest = attached;
            }
            n_verbose += u8::from(matches!(row.2, Letter::Verbose));
        }
    }
    if n_verbose > 0 {
        let level = if n_verbose == 1 { "info" } else { "debug" };
        read.given.push(Given::new("log.level", vec![level.to_owned()], "-v"));
    }
    Ok(read)
}

fn unknown(argument: &str) -> String {
    format!("command line {argument}: no option of memcached's")
}

fn takes_value(letter: &Letter) -> bool {
    match letter {
        Letter::Sets(_) | Letter::Megabytes(_) | Letter::Extended => true,
        Letter::Means(..) | Letter::Verbose => false,
        Letter::Ignored(takes, _) | Letter::Refused(takes, _) => *takes == Takes::Value,
    }
}

fn take(
    letter: &Letter,
    typed: &str,
    value: impl FnOnce() -> Option<String>,
    read: &mut Read,
) -> Result<(), String> {
    let value = match takes_value(letter) {
        true => value().ok_or_else(|| format!("command line {typed}: a value is missing"))?,
        false => String::new(),
    };
    match letter {
        Letter::Sets("memcached.bind") => {
            let hosts = value.split(',').map(str::to_owned).collect();
            read.given.push(Given::new("memcached.bind", hosts, typed));
        }
        Letter::Sets(key) => read.given.push(Given::new(key, vec![value], typed)),
        Letter::Megabytes(key) => {
            read.given.push(Given::new(key, vec![format!("{value}mb")], typed));
        }
        Letter::Means(key, value) => {
            read.given.push(Given::new(key, vec![(*value).to_owned()], typed));
        }
        Letter::Extended => extended(&value, read),
        Letter::Verbose => {}
        Letter::Ignored(_, why) => read.warnings.push(format!("{typed} is ignored: {why}")),
        Letter::Refused(_, why) => return Err(format!("command line {typed}: {why}")),
    }
    Ok(())
}

fn extended(list: &str, read: &mut Read) {
    for option in list.split(',').filter(|it| !it.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, "yes"));
        let typed = format!("-o {name}");
        match EXTENDED.iter().find(|it| it.0 == name) {
            Some((_, key)) => read.given.push(Given::new(key, vec![value.to_owned()], &typed)),
            None => read.warnings.push(format!("{typed} is ignored: it has no meaning here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(line: &str, expected: &[(&str, &str)]) {
        let read = read(&words(line)).unwrap();
        let given: Vec<_> =
            read.given.iter().map(|it| (it.key.clone(), it.values.join(" "))).collect();
        let expected: Vec<_> =
            expected.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
        assert_eq!(given, expected, "{line}");
    }

    #[test]
    fn letters_long_names_and_bundles_are_read_as_getopt_does() {
        check("-m 1024", &[("memcached.maxmemory", "1024mb")]);
        check("-m1024 -c4096", &[
            ("memcached.maxmemory", "1024mb"),
            ("memcached.max-connections", "4096"),
        ]);
        check("--memory-limit=64 --port 11311", &[
            ("memcached.maxmemory", "64mb"),
            ("memcached.port", "11311"),
        ]);
        check("-MCp 1", &[
            ("memcached.error-on-memory-exhausted", "yes"),
            ("memcached.cas", "no"),
            ("memcached.port", "1"),
        ]);
        check("-l 127.0.0.1,::1", &[("memcached.bind", "127.0.0.1 ::1")]);
        check("-vv", &[("log.level", "debug")]);
        check("-o idle_timeout=10,modern", &[("memcached.idle-timeout", "10")]);
    }

    #[test]
    fn what_means_nothing_here_is_said_and_what_would_mislead_is_refused() {
        let warned = read(&words("-d -u memcache -o modern")).unwrap().warnings;
        assert_eq!(warned.len(), 3, "{warned:?}");
        for line in ["-S", "-Z", "-Y file", "-q", "--nonsense", "-m", "word"] {
            read(&words(line)).unwrap_err();
        }
    }
}
