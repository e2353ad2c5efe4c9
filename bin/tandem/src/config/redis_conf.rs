//! Reads redis.conf: words, quotes, comments and include.

use std::path::{Path, PathBuf};

/// Files that include one another deeper than this are taken for a ring.
const INCLUDE_DEPTH_MAX: usize = 16;

/// One directive with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) words: Vec<String>,
    pub(crate) path: PathBuf,
    /// 1 is the first.
    pub(crate) number: usize,
}

/// All directives of a file and of what it includes, in order.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    read_into(path, 0, &mut lines)?;
    Ok(lines)
}

fn read_into(path: &Path, depth: usize, lines: &mut Vec<Line>) -> Result<(), String> {
    if depth > INCLUDE_DEPTH_MAX {
        return Err(format!(
            "{}: files include one another more than {INCLUDE_DEPTH_MAX} deep",
            path.display()
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    for (index, text) in text.lines().enumerate() {
        let number = index + 1;
        let at = |message| format!("{}:{number}: {message}", path.display());
        let words = split(text).map_err(at)?;
        let Some(name) = words.first() else { continue };
        if !name.eq_ignore_ascii_case("include") {
            lines.push(Line { words, path: path.to_owned(), number });
            continue;
        }
        let [_, file] = words.as_slice() else { return Err(at("include takes one file")) };
        // As for Redis, a relative name starts from the working directory; from the including
        // file's folder where there is none.
        let beside = path.parent().map_or_else(|| PathBuf::from(file), |it| it.join(file));
        let included = if Path::new(file).exists() { PathBuf::from(file) } else { beside };
        read_into(&included, depth + 1, lines)?;
    }
    Ok(())
}

/// Splits a line into words as Redis does: "double quotes" know \n \r \t \b \a \xHH, 'single
/// quotes' know \'. A lone `#` starts a comment, also behind a directive, where Redis takes none;
/// `#word` stays a word.
pub(crate) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    if rest.starts_with('#') {
        return Ok(words);
    }
    while !rest.is_empty() && rest != "#" && !rest.starts_with("# ") && !rest.starts_with("#\t") {
        let (word, tail) = match rest.as_bytes()[0] {
            b'"' => double_quoted(&rest[1..])?,
            b'\'' => single_quoted(&rest[1..])?,
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if tail.starts_with(|it: char| !it.is_whitespace()) {
            return Err("a closing quote must be followed by a space");
        }
        words.push(word);
        rest = tail.trim_start();
    }
    Ok(words)
}

const UNBALANCED: &str = "unbalanced quotes";

fn double_quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return Ok((word, &text[at + 1..])),
            '\\' => match chars.next().ok_or(UNBALANCED)?.1 {
                'n' => word.push('\n'),
                'r' => word.push('\r'),
                't' => word.push('\t'),
                'b' => word.push('\u{8}'),
                'a' => word.push('\u{7}'),
                'x' => {
                    let digits = text.get(at + 2..at + 4).ok_or(UNBALANCED)?;
                    let code = u8::from_str_radix(digits, 16).map_err(|_| "bad \\x escape")?;
                    word.push(char::from(code));
                    chars.nth(1);
                }
                other => word.push(other),
            },
            _ => word.push(it),
        }
    }
    Err(UNBALANCED)
}

fn single_quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut word = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, it)) = chars.next() {
        match it {
            '\'' => return Ok((word, &text[at + 1..])),
            '\\' if chars.peek().is_some_and(|next| next.1 == '\'') => {
                word.push('\'');
                chars.next();
            }
            _ => word.push(it),
        }
    }
    Err(UNBALANCED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        assert_eq!(split(line).unwrap(), expected, "{line}");
    }

    #[test]
    fn words_quotes_and_comments_are_told_apart() {
        check("", &[]);
        check("   # maxmemory 1gb", &[]);
        check("#maxmemory 1gb", &[]);
        check("maxmemory 10gb", &["maxmemory", "10gb"]);
        check("save 900 1      # Save after 900 seconds", &["save", "900", "1"]);
        check("replicaof no one  # This is the master", &["replicaof", "no", "one"]);
        check("requirepass #secret", &["requirepass", "#secret"]);
        check(r#"appendfilename "append only.aof""#, &["appendfilename", "append only.aof"]);
        check(r#"save """#, &["save", ""]);
        check(r#"requirepass "a\x41\n\"é""#, &["requirepass", "aA\n\"é"]);
        check(r"requirepass 'it\'s \n'", &["requirepass", r"it's \n"]);
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in ["a \"b", "a 'b", r#"a "b\"#, r#"a "b"c"#, r#"a "\x4"#, r#"a "\xzz""#] {
            split(line).unwrap_err();
        }
    }

    #[test]
    fn included_files_are_read_in_place_and_rings_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("redis.conf");
        std::fs::write(&main, "port 7000\ninclude more.conf\nhz 10\n").unwrap();
        std::fs::write(dir.path().join("more.conf"), "\nmaxmemory 1gb\n").unwrap();
        let lines = read(&main).unwrap();
        let names: Vec<_> = lines.iter().map(|it| (it.words[0].as_str(), it.number)).collect();
        assert_eq!(names, [("port", 1), ("maxmemory", 2), ("hz", 3)]);
        std::fs::write(dir.path().join("more.conf"), "include redis.conf\n").unwrap();
        assert!(read(&main).unwrap_err().contains("more than 16 deep"));
    }
}
