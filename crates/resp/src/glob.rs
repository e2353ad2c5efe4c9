//! Redis's glob patterns: `*`, `?`, `[a-z]`, `[^x]`, and `\` to take the next byte as it is.
//!
//! A mismatch goes back to the last star only, so that the time is at most the product of the two
//! lengths whatever the pattern: going back to an earlier star could not find more.

use memchr::memchr_iter;

/// True when the whole text matches, letter by letter.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, Case::Sensitive)
}

/// True when the whole text matches, whatever the case of ASCII letters.
pub(crate) fn matches_any_case(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, Case::Ignored)
}

#[derive(Clone, Copy)]
enum Case {
    Sensitive,
    Ignored,
}

impl Case {
    fn fold(self, byte: u8) -> u8 {
        match self {
            Case::Sensitive => byte,
            Case::Ignored => byte.to_ascii_lowercase(),
        }
    }
}

fn run(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        // Valkey matches the empty text with the empty pattern alone, not even with `*`.
        return pattern.is_empty();
    }
    if memchr_iter(b'*', pattern).count() > STARS_MAX {
        return false;
    }
    let (mut pattern_at, mut text_at) = (0, 0);
    // Where the last star's rest begins, and the text that it has not swallowed.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(pattern_at) {
            Some(b'*') => {
                pattern_at += 1;
                star = Some((pattern_at, text_at));
                continue;
            }
            None if text_at == text.len() => return true,
            Some(_) if text_at < text.len() => {
                if let Some(len) = one(&pattern[pattern_at..], text[text_at], case) {
                    pattern_at += len;
                    text_at += 1;
                    continue;
                }
            }
            _ => {}
        }
        let Some((rest_at, swallowed)) = star else { return false };
        if swallowed >= text.len() {
            return false;
        }
        star = Some((rest_at, swallowed + 1));
        (pattern_at, text_at) = (rest_at, swallowed + 1);
    }
}

/// Matches one byte with the element that the pattern begins with, and returns its length.
fn one(pattern: &[u8], byte: u8, case: Case) -> Option<usize> {
    let (literal, len) = match pattern {
        [b'?', ..] => return Some(1),
        [b'[', class @ ..] => {
            let (found, len) = in_class(class, byte, case);
            return found.then_some(len + 1);
        }
        [b'\\', literal, ..] => (*literal, 2),
        [literal, ..] => (*literal, 1),
        [] => return None,
    };
    (case.fold(literal) == case.fold(byte)).then_some(len)
}

/// Looks for a byte in a class, from behind its `[`. The second value is the class's length, its
/// `]` included; one that is never closed goes to the pattern's end.
fn in_class(class: &[u8], byte: u8, case: Case) -> (bool, usize) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        at += match class[at..] {
            [] => return (found != negated, at),
            [b'\\', literal, ..] => {
                found |= literal == byte;
                2
            }
            [b']', ..] => return (found != negated, at + 1),
            [from, b'-', to, ..] => {
                let (low, high) = (case.fold(from.min(to)), case.fold(from.max(to)));
                found |= (low..=high).contains(&case.fold(byte));
                3
            }
            [literal, ..] => {
                found |= case.fold(literal) == case.fold(byte);
                1
            }
        };
    }
}

/// A pattern with more stars matches nothing, as in Valkey.
const STARS_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} ~ {text}");
        }
        for text in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} !~ {text}");
        }
    }

    #[test]
    fn patterns_match_as_in_redis() {
        check("*", &["a", "abc"], &[""]);
        check("", &[""], &["a"]);
        check("h?llo", &["hello", "hallo"], &["hllo", "heello"]);
        check("h*llo", &["hllo", "heeeello"], &["hell"]);
        check("*b*", &["ab", "b", "abc"], &["ac"]);
        check("a**", &["a", "ab"], &["b"]);
        check("h[ae]llo", &["hello", "hallo"], &["hillo", "hllo"]);
        check("h[^e]llo", &["hallo"], &["hello"]);
        check("h[b-a]llo", &["hallo", "hbllo"], &["hcllo"]);
        check("[a\\]]x", &["]x", "ax"], &["\\x"]);
        check("a[bc", &["ab", "ac"], &["ad", "abc"]);
        check("a\\*", &["a*"], &["ab"]);
        check("a\\", &["a\\"], &["a"]);
        check("*.*.*", &["a.b.c", ".."], &["a.b"]);
        assert!(matches_any_case(b"MAX*[A-C]", b"maxmemoryb"));
    }

    #[test]
    fn abusive_patterns_end_soon() {
        let text = vec![b'a'; 10_000];
        assert!(!matches(&b"a*".repeat(500), &[&text[..], b"b"].concat()[..0]));
        assert!(!matches(&[&b"a*".repeat(999)[..], b"b"].concat(), &text));
        assert!(!matches(&b"*".repeat(STARS_MAX + 1), b"a"));
    }
}
