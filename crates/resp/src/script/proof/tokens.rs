//! The words of a Lua program, as far as the proof has to tell them apart.

/// A word of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Name(&'a [u8]),
    Number(&'a [u8]),
    /// A string, if it stands there as it is meant.
    Text(Option<&'a [u8]>),
    /// Anything else; operators of several characters whole.
    Sign(&'a [u8]),
}

impl<'a> Token<'a> {
    pub(super) fn is(self, text: &str) -> bool {
        match self {
            Token::Name(it) | Token::Sign(it) => it == text.as_bytes(),
            Token::Number(_) | Token::Text(_) => false,
        }
    }

    pub(super) fn name(self) -> Option<&'a [u8]> {
        if let Token::Name(it) = self { Some(it) } else { None }
    }
}

/// Cuts a program into words. `None` when it is not one.
pub(super) fn tokens(program: &[u8]) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = program;
    while let Some(&first) = rest.first() {
        let len = if first.is_ascii_whitespace() {
            1
        } else if let Some(behind) = rest.strip_prefix(b"--") {
            2 + comment_len(behind)?
        } else {
            let (token, len) = token(rest, first)?;
            tokens.push(token);
            len
        };
        rest = &rest[len..];
    }
    Some(tokens)
}

fn token(rest: &[u8], first: u8) -> Option<(Token<'_>, usize)> {
    let run = |of: fn(u8) -> bool| rest.iter().take_while(|it| of(**it)).count();
    if first.is_ascii_alphabetic() || first == b'_' {
        let len = run(|it| it.is_ascii_alphanumeric() || it == b'_');
        return Some((Token::Name(&rest[..len]), len));
    }
    if first.is_ascii_digit() {
        let len = run(|it| it.is_ascii_alphanumeric() || it == b'.');
        return Some((Token::Number(&rest[..len]), len));
    }
    if first == b'"' || first == b'\'' {
        return short_text(rest, first);
    }
    if let Some(len) = long_len(rest) {
        return Some((Token::Text(None), len));
    }
    let long = ["...", "..", "==", "~=", "<=", ">="];
    let len = long.iter().find(|it| rest.starts_with(it.as_bytes())).map_or(1, |it| it.len());
    Some((Token::Sign(&rest[..len]), len))
}

fn short_text(rest: &[u8], quote: u8) -> Option<(Token<'_>, usize)> {
    let mut at = 1;
    let mut is_plain = true;
    loop {
        match *rest.get(at)? {
            b'\\' => {
                is_plain = false;
                at += 2;
            }
            it if it == quote => break,
            _ => at += 1,
        }
    }
    Some((Token::Text(is_plain.then_some(&rest[1..at])), at + 1))
}

/// How long `[[...]]`, `[=[...]=]` and their like are.
fn long_len(rest: &[u8]) -> Option<usize> {
    let behind = rest.strip_prefix(b"[")?;
    let level = behind.iter().take_while(|it| **it == b'=').count();
    if behind.get(level) != Some(&b'[') {
        return None;
    }
    let end = [b"]", &behind[..level], b"]"].concat();
    let at = memchr::memmem::find(rest, &end)?;
    Some(at + end.len())
}

fn comment_len(behind: &[u8]) -> Option<usize> {
    if let Some(len) = long_len(behind) {
        return Some(len);
    }
    Some(memchr::memchr(b'\n', behind).unwrap_or(behind.len()))
}
