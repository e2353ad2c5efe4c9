//! All kinds of commands in turn: what a profile is made of, and a look at those that have no
//! bench of their own. Replies are only looked at for errors.

use super::wire::{Protocol, key_name};

/// How many commands a protocol has here; the field of a request says which of them it is.
pub(crate) fn n_commands(protocol: Protocol) -> u32 {
    commands(protocol).len() as u32
}

/// Appends the command of this number. `value` is what `@` stands for.
pub(super) fn put(protocol: Protocol, number: u32, key: u32, value: &[u8], out: &mut Vec<u8>) {
    let command = commands(protocol)[number as usize];
    if protocol == Protocol::Memcached {
        expand(command, key, value, out);
        return out.extend_from_slice(b"\r\n");
    }
    let words = command.split_whitespace();
    out.extend_from_slice(format!("*{}\r\n", words.clone().count()).as_bytes());
    let mut expanded = Vec::new();
    for word in words {
        expanded.clear();
        expand(word, key, value, &mut expanded);
        out.extend_from_slice(format!("${}\r\n", expanded.len()).as_bytes());
        out.extend_from_slice(&expanded);
        out.extend_from_slice(b"\r\n");
    }
}

/// `#3` is the third key behind this one in 12 digits, `@` the value and `$` its length.
fn expand(words: &str, key: u32, value: &[u8], out: &mut Vec<u8>) {
    let mut bytes = words.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'#' => {
                let step = bytes.next().map_or(0, |digit| u32::from(digit - b'0'));
                out.extend_from_slice(&key_name(key + step)["key:".len()..]);
            }
            b'@' => out.extend_from_slice(value),
            b'$' => out.extend_from_slice(value.len().to_string().as_bytes()),
            other => out.push(other),
        }
    }
}

/// An answer that says that something went wrong, or none at all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoAnswer;

/// The length of the reply at the start of `input`, `None` when it is cut short.
pub(super) fn reply_bytes(protocol: Protocol, input: &[u8]) -> Result<Option<usize>, NoAnswer> {
    match protocol {
        Protocol::Resp => resp_bytes(input),
        Protocol::Memcached => memcached_bytes(input),
    }
}

fn resp_bytes(input: &[u8]) -> Result<Option<usize>, NoAnswer> {
    let (mut at, mut n_open) = (0, 1_i64);
    while n_open > 0 {
        let Some(line) = line(input.get(at..).unwrap_or_default()) else { return Ok(None) };
        at += line.len() + 2;
        let Some((kind, rest)) = line.split_first() else { return Err(NoAnswer) };
        n_open -= 1;
        match kind {
            b'+' | b':' => {}
            // Nothing has a length of -1.
            b'$' => at += usize::try_from(number(rest)?).map_or(0, |n_bytes| n_bytes + 2),
            b'*' => n_open += number(rest)?.max(0),
            _ => return Err(NoAnswer),
        }
    }
    Ok((at <= input.len()).then_some(at))
}

fn memcached_bytes(input: &[u8]) -> Result<Option<usize>, NoAnswer> {
    let mut at = 0;
    loop {
        let Some(line) = line(input.get(at..).unwrap_or_default()) else { return Ok(None) };
        at += line.len() + 2;
        let mut words = line.split(|it| *it == b' ');
        match words.next().unwrap_or_default() {
            b"VALUE" => at += number(words.nth(2).ok_or(NoAnswer)?)? as usize + 2,
            b"VA" => {
                at += number(words.next().ok_or(NoAnswer)?)? as usize + 2;
                return Ok((at <= input.len()).then_some(at));
            }
            b"" | b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR" => return Err(NoAnswer),
            _ => return Ok(Some(at)),
        }
    }
}

/// The line at the start of `input` without its end.
fn line(input: &[u8]) -> Option<&[u8]> {
    let end = input.windows(2).position(|it| it == b"\r\n")?;
    Some(&input[..end])
}

fn number(text: &[u8]) -> Result<i64, NoAnswer> {
    std::str::from_utf8(text).ok().and_then(|it| it.parse().ok()).ok_or(NoAnswer)
}

fn commands(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Resp => RESP,
        Protocol::Memcached => MEMCACHED,
    }
}

/// `key:` is there and never written here; `none:` never is; `temp:` comes and goes.
const RESP: &[&str] = &[
    "SET temp:#0 @ EX 1",
    "GET temp:#0",
    "GET key:#0",
    "GET none:#0",
    "MGET key:#0 key:#1 key:#2 key:#3 key:#4 key:#5 key:#6 key:#7 key:#8 key:#9",
    "MSET many:#0 @ many:#1 @ many:#2 @ many:#3 @ many:#4 @ many:#5 @ many:#6 @ many:#7 @",
    "MGET many:#0 many:#3 many:#6 none:#0",
    "INCR count:#0",
    "EXPIRE count:#0 1",
    "INCRBY count:#1 17",
    "DECR count:#2",
    "DECRBY count:#3 9",
    "INCRBYFLOAT ratio:#0 0.5",
    "DEL temp:#1",
    "SETEX temp:#0 100 @",
    "SETNX temp:#2 @",
    "SET temp:#3 @ PX 500 NX",
    "SET temp:#1 @",
    "TTL temp:#0",
    "PTTL key:#0",
    "EXPIRE temp:#0 100",
    "PEXPIRE temp:#1 1500",
    "PERSIST temp:#0",
    "EXISTS key:#0 none:#0",
    "TYPE key:#0",
    "APPEND temp:#0 x",
    "STRLEN temp:#0",
    "GETRANGE key:#0 0 9",
    "SETRANGE temp:#0 3 xyz",
    "GETEX temp:#0 EX 1",
    "GETSET temp:#0 @",
    "GETDEL temp:#2",
    "DEL many:#0 many:#1 many:#2 many:#3",
    "UNLINK many:#4 many:#5",
    "HSET cart:#0 item:001 1 item:002 2 item:003 3 name @",
    "HINCRBY cart:#0 item:001 1",
    "HINCRBY cart:#1 item:004 2",
    "HGETALL cart:#0",
    "HGET cart:#0 name",
    "HGET cart:#0 absent",
    "HMGET cart:#0 item:001 item:002 absent",
    "HEXISTS cart:#0 item:003",
    "HLEN cart:#0",
    "HKEYS cart:#0",
    "HVALS cart:#0",
    "HSETNX cart:#0 item:005 5",
    "HDEL cart:#0 item:001 item:002",
    "EXPIRE cart:#0 2",
    "DEL cart:#1",
    "HINCRBY stock item:#0 1",
    "HGET stock item:#0",
    "SCAN 0 COUNT 10",
    "PING",
];

const MEMCACHED: &[&str] = &[
    "set temp:#0 0 1 $\r\n@",
    "get temp:#0",
    "get key:#0",
    "gets key:#0",
    "get none:#0",
    "get key:#0 key:#1 key:#2 key:#3 key:#4 key:#5 key:#6 key:#7 key:#8 key:#9",
    "get key:#0 none:#0 temp:#0",
    "set temp:#0 7 100 $\r\n@",
    "set temp:#1 0 0 $\r\n@",
    "add temp:#2 0 60 $\r\n@",
    "replace temp:#0 0 60 $\r\n@",
    "append temp:#0 0 0 2\r\nyz",
    "prepend temp:#1 0 0 2\r\nab",
    "cas temp:#0 0 60 $ 1\r\n@",
    "add count:#0 0 0 2\r\n10",
    "incr count:#0 1",
    "decr count:#0 2",
    "touch temp:#0 100",
    "gat 100 temp:#0",
    "gats 1 temp:#1",
    "delete temp:#0",
    "delete temp:#2",
    "ms temp:#0 $ T1\r\n@",
    "ms temp:#3 $ T100 F5\r\n@",
    "mg temp:#0 v",
    "mg key:#0 v",
    "mg key:#0 s v t f c",
    "mg key:#0",
    "mg none:#0 v",
    "ma count:#0",
    "ma count:#1 N60 J5 v",
    "md temp:#0",
    "mn",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(protocol: Protocol, reply: &str) {
        for cut in 0..reply.len() {
            let part = &reply.as_bytes()[..cut];
            assert_eq!(reply_bytes(protocol, part), Ok(None), "{reply:?} cut at {cut}");
        }
        let followed = format!("{reply}+");
        assert_eq!(reply_bytes(protocol, followed.as_bytes()), Ok(Some(reply.len())));
    }

    #[test]
    fn replies_of_every_shape_are_taken_whole_and_not_before() {
        for reply in ["+OK\r\n", ":-7\r\n", "$-1\r\n", "$0\r\n\r\n", "$4\r\na\r\nb\r\n", "*0\r\n"] {
            whole(Protocol::Resp, reply);
        }
        whole(Protocol::Resp, "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$-1\r\n");
        let values = "VALUE a 0 3\r\nEND\r\nVALUE b 0 4 17\r\n\r\n\r\n\r\nEND\r\n";
        let meta = "VA 4 t59 f0\r\nEND\r\r\n";
        for reply in ["STORED\r\n", "17\r\n", "END\r\n", "HD\r\n", values, meta] {
            whole(Protocol::Memcached, reply);
        }
    }

    #[test]
    fn errors_are_no_answers() {
        for reply in ["-ERR no\r\n", "*1\r\n-ERR no\r\n", "\r\n", "$x\r\n"] {
            assert_eq!(reply_bytes(Protocol::Resp, reply.as_bytes()), Err(NoAnswer), "{reply:?}");
        }
        for reply in
            ["ERROR\r\n", "CLIENT_ERROR no\r\n", "SERVER_ERROR no\r\n", "VALUE a\r\n", "VA\r\n"]
        {
            let answer = reply_bytes(Protocol::Memcached, reply.as_bytes());
            assert_eq!(answer, Err(NoAnswer), "{reply:?}");
        }
    }

    #[test]
    fn keys_and_values_take_the_places_of_their_signs() {
        let text = |protocol, command: &str| {
            let at = commands(protocol).iter().position(|it| it.starts_with(command)).unwrap();
            let mut out = Vec::new();
            put(protocol, at as u32, 42, b"abc", &mut out);
            String::from_utf8(out).unwrap()
        };
        let request = text(Protocol::Resp, "SETNX");
        assert_eq!(request, "*3\r\n$5\r\nSETNX\r\n$17\r\ntemp:000000000044\r\n$3\r\nabc\r\n");
        let request = text(Protocol::Memcached, "cas");
        assert_eq!(request, "cas temp:000000000042 0 60 3 1\r\nabc\r\n");
    }
}
