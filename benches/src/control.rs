//! One blocking connection for questions beside the load: INFO, stats, HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::Protocol;

pub(crate) struct Control {
    stream: TcpStream,
    protocol: Protocol,
    reply: Vec<u8>,
}

impl Control {
    pub(crate) fn connect(protocol: Protocol, address: SocketAddr) -> Result<Control> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_MAX))?;
        Ok(Control { stream, protocol, reply: Vec::new() })
    }

    /// Bytes of memory that the server says its data takes.
    pub(crate) fn used_bytes(&mut self) -> Result<u64> {
        match self.protocol {
            Protocol::Resp => self.info("memory", "used_memory:"),
            Protocol::Memcached => self.stat("STAT bytes "),
        }
    }

    /// Items that the server says it holds, expired ones it still keeps included.
    pub(crate) fn n_items(&mut self) -> Result<u64> {
        match self.protocol {
            Protocol::Resp => {
                let text = self.ask("DBSIZE\r\n", line_length)?;
                number_behind(&text, ":").context("DBSIZE is no number")
            }
            Protocol::Memcached => self.stat("STAT curr_items "),
        }
    }

    /// The first number behind `name` in a section of INFO; 0 when it is not there (a database
    /// without keys is not listed).
    fn info(&mut self, section: &str, name: &str) -> Result<u64> {
        let text = self.ask(&format!("INFO {section}\r\n"), resp_bulk_length)?;
        Ok(number_behind(&text, name).unwrap_or(0))
    }

    fn stat(&mut self, name: &str) -> Result<u64> {
        let length = |it: &[u8]| it.ends_with(b"\r\nEND\r\n").then_some(it.len());
        let text = self.ask("stats\r\n", length)?;
        number_behind(&text, name).with_context(|| format!("no {name:?} in stats"))
    }

    /// Sends one line; `length` tells where the reply to it ends.
    pub(crate) fn ask(
        &mut self,
        line: &str,
        length: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<String> {
        self.stream.write_all(line.as_bytes())?;
        self.reply.clear();
        let mut part = [0; 16 << 10];
        loop {
            let n = self.stream.read(&mut part)?;
            if n == 0 {
                bail!("the server closed the connection after {line:?}");
            }
            self.reply.extend_from_slice(&part[..n]);
            if self.reply[0] == b'-' {
                bail!("{line:?}: {}", String::from_utf8_lossy(&self.reply));
            }
            if let Some(n) = length(&self.reply) {
                return Ok(String::from_utf8_lossy(&self.reply[..n]).into_owned());
            }
        }
    }
}

/// The length of a bulk string with its head, once all of it is there.
fn resp_bulk_length(input: &[u8]) -> Option<usize> {
    let end = input.iter().position(|it| *it == b'\n')?;
    let text = std::str::from_utf8(input.get(1..end - 1)?).ok()?;
    let length = end + 1 + text.parse::<usize>().ok()? + 2;
    (input.len() >= length).then_some(length)
}

/// The length of a status line or an integer.
pub(crate) fn line_length(input: &[u8]) -> Option<usize> {
    input.iter().position(|it| *it == b'\n').map(|it| it + 1)
}

fn number_behind(text: &str, name: &str) -> Option<u64> {
    let (_, after) = text.split_once(name)?;
    let end = after.find(|it: char| !it.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

/// One HTTP GET; returns the body.
pub(crate) fn http_get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(REPLY_MAX))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").context("a reply without a body")?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("GET {path}: {}", head.lines().next().unwrap_or_default());
    }
    Ok(body.to_owned())
}

const REPLY_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_behind_their_names() {
        let info = "# Memory\r\nused_memory:123\r\nused_memory_human:1K\r\n";
        assert_eq!(number_behind(info, "used_memory:"), Some(123));
        assert_eq!(number_behind(info, "absent:"), None);
    }

    #[test]
    fn a_bulk_string_ends_where_its_head_says() {
        assert_eq!(resp_bulk_length(b"$5\r\nhello\r\n+"), Some(11));
        assert_eq!(resp_bulk_length(b"$5\r\nhello\r"), None);
        assert_eq!(resp_bulk_length(b"$5"), None);
    }
}
