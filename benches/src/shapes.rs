//! Collections as people keep them, and what each takes of a server's resident memory.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};

use crate::memory::settled_rss_bytes;
use crate::servers::Server;

/// What every key of a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    /// A hash of 13 fields, one of them a description of 200 bytes.
    Product,
    /// A hash of 20 fields, 100 bytes together.
    Hash20,
    /// A set of 1,000 integers.
    Set1000,
}

impl Shape {
    pub(crate) const ALL: [Shape; 3] = [Shape::Product, Shape::Hash20, Shape::Set1000];

    fn n_keys(self, items: u32) -> u32 {
        match self {
            Shape::Product | Shape::Hash20 => items,
            Shape::Set1000 => items / 200,
        }
    }

    /// The words of the command that makes a key.
    fn words(self, number: u32) -> Vec<String> {
        let fields: Vec<(String, String)> = match self {
            Shape::Product => product(number),
            Shape::Hash20 => {
                let pair =
                    |field| (format!("f{field:02}"), format!("{:02}", (number + field) % 100));
                (0..20).map(pair).collect()
            }
            Shape::Set1000 => {
                let members = (0..1000).map(|it| (number * 1000 + it * 7).to_string());
                let head = ["SADD".to_owned(), format!("set:{number}")];
                return head.into_iter().chain(members).collect();
            }
        };
        let head = ["HSET".to_owned(), format!("product:{number}")];
        head.into_iter()
            .chain(fields.into_iter().flat_map(|(field, value)| [field, value]))
            .collect()
    }
}

fn product(number: u32) -> Vec<(String, String)> {
    let mut random = fastrand::Rng::with_seed(u64::from(number));
    let description = (0..200).map(|_| random.lowercase()).collect();
    let fields = [
        ("id", number.to_string()),
        ("name", format!("Sample Product {number}")),
        ("price", format!("{}.99", number % 1000)),
        ("stock", (number % 100).to_string()),
        ("category", "Electronics".to_owned()),
        ("brand", format!("Brand{}", number % 200)),
        ("description", description),
        ("color", "blue".to_owned()),
        ("size", "medium".to_owned()),
        ("weight", "1.5kg".to_owned()),
        ("rating", format!("4.{}", number % 10)),
        ("reviews", (number % 3000).to_string()),
        ("sku", format!("SKU-{number:08}")),
    ];
    fields.map(|(field, value)| (field.to_owned(), value)).into()
}

/// Growth of resident memory for each key of a shape.
pub(crate) fn bytes_each(server: &Server, shape: Shape, items: u32) -> Result<f64> {
    let mut stream = TcpStream::connect(server.address)?;
    let n_keys = shape.n_keys(items);
    // The buffers are not what is measured here.
    let first = BATCH.min(n_keys);
    fill(&mut stream, shape, 0..first)?;
    let before = settled_rss_bytes(server)?;
    for start in (first..n_keys).step_by(BATCH as usize) {
        fill(&mut stream, shape, start..(start + BATCH).min(n_keys))?;
    }
    let grown = settled_rss_bytes(server)? as f64 - before as f64;
    Ok(grown / f64::from(n_keys - first))
}

fn fill(stream: &mut TcpStream, shape: Shape, numbers: std::ops::Range<u32>) -> Result<()> {
    let n_commands = numbers.len();
    let mut request = Vec::new();
    for number in numbers {
        let words = shape.words(number);
        write!(request, "*{}\r\n", words.len())?;
        for word in words {
            write!(request, "${}\r\n{word}\r\n", word.len())?;
        }
    }
    stream.write_all(&request)?;
    let (mut n_answered, mut answer) = (0, [0; 4096]);
    while n_answered < n_commands {
        let len = stream.read(&mut answer)?;
        ensure!(0 < len && !answer[..len].contains(&b'-'), "the server refused {shape:?}");
        n_answered += answer[..len].split(|it| *it == b'\n').count() - 1;
    }
    Ok(())
}

/// Keys that are made in one request.
const BATCH: u32 = 50;
