//! Reads a redis.conf (or valkey.conf): one directive a line, words in quotes where they need it.

use super::Settings;

/// Something that was accepted and does not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfWarning {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
}

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfError {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
}

impl Settings {
    /// Takes over the settings of a redis.conf. Lines of `save` and `client-output-buffer-limit`
    /// add up, elsewhere the last line holds, as in Redis.
    pub fn load_conf(&self, text: &str) -> Result<Vec<ConfWarning>, ConfError> {
        let mut warnings = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            let error = |text: String| ConfError { line: number, text };
            let words = split_words(line).ok_or_else(|| error("unbalanced quotes".to_string()))?;
            let warning = self.load_directive(&words).map_err(error)?;
            warnings.extend(warning.map(|text| ConfWarning { line: number, text }));
        }
        Ok(warnings)
    }

    fn load_directive(&self, words: &[String]) -> Result<Option<String>, String> {
        let Some((name, values)) = words.split_first() else { return Ok(None) };
        // redis.conf itself has no comments behind a value, but people write them.
        let n_values = values.iter().position(|it| it.starts_with('#')).unwrap_or(values.len());
        let values = &values[..n_values];
        if DIRECTIVES_REFUSED.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            return Err(format!("the directive '{name}' is not supported yet"));
        }
        if DIRECTIVES_IGNORED.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            return Ok(Some(format!("'{name}' means nothing here and is ignored")));
        }
        if values.is_empty() {
            return Err(format!("'{name}' needs a value"));
        }
        self.load(name, &values.join(" "))
    }
}

/// Words as the shell has them: `"a b"` with escapes, `'a b'` without. `None` when a quote is not
/// closed or something follows it directly.
fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        while rest.next_if(|it| it.is_whitespace()).is_some() {}
        let Some(first) = rest.next() else { return Some(words) };
        let mut word = String::new();
        match first {
            '"' | '\'' => {
                loop {
                    match rest.next()? {
                        it if it == first => break,
                        '\\' if first == '"' => word.push(escape(&mut rest)?),
                        '\\' if rest.next_if_eq(&'\'').is_some() => word.push('\''),
                        it => word.push(it),
                    }
                }
                if rest.peek().is_some_and(|it| !it.is_whitespace()) {
                    return None;
                }
            }
            first => {
                word.push(first);
                while let Some(it) = rest.next_if(|it| !it.is_whitespace()) {
                    word.push(it);
                }
            }
        }
        words.push(word);
    }
}

fn escape(rest: &mut impl Iterator<Item = char>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'a' => '\x07',
        'b' => '\x08',
        other => other,
    })
}

/// Directives that are no settings: what they do does not exist here yet.
const DIRECTIVES_REFUSED: &[&str] = &["include", "loadmodule", "rename-command", "user"];

/// Directives of Redis, or of its past, that Valkey does not have: files with them are around.
const DIRECTIVES_IGNORED: &[&str] = &[
    "cluster-compatibility-sample-ratio",
    "dynamic-hz",
    "gopher-enabled",
    "io-threads-do-reads",
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-enable-deprecated-api",
    "lua-replicate-commands",
    "replica-full-sync-buffer-limit",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotes() {
        let split = |line| split_words(line).map(|it| it.join("|"));
        assert_eq!(split("a  b").unwrap(), "a|b");
        assert_eq!(split(r#"save """#).unwrap(), "save|");
        assert_eq!(split(r#"x "a \"b\"" 'c d'"#).unwrap(), r#"x|a "b"|c d"#);
        assert_eq!(split(r#"x "a"b"#), None);
        assert_eq!(split(r#"x "a"#), None);
    }

    #[test]
    fn the_article_starts_with_warnings() {
        let settings = Settings::default();
        let conf = "# Production\nmaxmemory 10gb\nmaxmemory-policy volatile-lru\n\
            appendonly yes\nappendfsync everysec\nauto-aof-rewrite-percentage 100\n\
            auto-aof-rewrite-min-size 64mb\n\nreplicaof no one  # This is the master\n\
            replica-read-only yes\nmin-replicas-to-write 1\nmin-replicas-max-lag 10\n\
            save 900 1      # comment\nsave 300 10\nappendfilename \"appendonly.aof\"\n";
        let warnings = settings.load_conf(conf).unwrap();
        let lines: Vec<usize> = warnings.iter().map(|it| it.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15]);
        assert!(warnings[0].text.contains("noeviction"), "{}", warnings[0].text);
        assert_eq!(settings.integer("maxmemory"), 10 << 30);
        assert_eq!(settings.text("maxmemory-policy"), "noeviction");
        assert_eq!(settings.text("appendonly"), "no");
        assert_eq!(settings.text("save"), "");
    }

    #[test]
    fn directives_of_the_past_are_ignored_aloud() {
        let settings = Settings::default();
        let warnings = settings.load_conf("dynamic-hz yes\ndaemonize yes\ntimeout 5").unwrap();
        assert_eq!(warnings.iter().map(|it| it.line).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            (settings.text("daemonize"), settings.integer("timeout")),
            ("no".to_string(), 5)
        );
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_line() {
        for (conf, line, part) in [
            ("\nnosuch 1", 2, "nosuch"),
            ("cluster-enabled yes", 1, "not supported yet"),
            ("replicaof 10.0.0.1 6379", 1, "not supported yet"),
            ("tls-port 6380", 1, "not supported yet"),
            ("timeout soon", 1, "integer"),
            ("include other.conf", 1, "include"),
            ("maxmemory", 1, "value"),
            ("dir \"x", 1, "quotes"),
        ] {
            let error = Settings::default().load_conf(conf).unwrap_err();
            assert_eq!(error.line, line, "{conf}");
            assert!(error.text.contains(part), "{}", error.text);
        }
    }
}
