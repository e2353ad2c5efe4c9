//! What generated commands are made of: few keys, so that commands meet, and values at the edges.

/// Words that a placeholder may stand for.
pub type Pool = &'static [&'static [u8]];

/// The pool of a placeholder, unless the name is a word that stands for itself.
pub fn named(placeholder: &str) -> Option<Pool> {
    Some(match placeholder {
        "key" => KEYS,
        "number-key" => NUMBER_KEYS,
        "hash-key" => HASH_KEYS,
        "field" => FIELDS,
        "number-field" => &[b"n", b"m", b"f"],
        "integer" => INTEGERS,
        "float" => FLOATS,
        "index" => &[b"0", b"1", b"-1", b"3", b"-3", b"100", b"-100", b"9223372036854775807"],
        "small" => &[b"0", b"1", b"2", b"5", b"40", b"3000"],
        "db" => &[b"0", b"0", b"1", b"1", b"2", b"15", b"16", b"-1"],
        "long-s" => &[b"100", b"1000", b"86400", b"4000000000"],
        "long-ms" => &[b"100000", b"1000001", b"86400000"],
        "past" => &[b"0", b"-1", b"-100", b"-9223372036854775808"],
        "moment" => &[b"4102444800", b"4102444801", b"1", b"0", b"-5", b"9223372036854775807"],
        "moment-ms" => &[b"4102444800000", b"4102444800999", b"1", b"-1"],
        "condition" => &[b"NX", b"XX", b"nx", b"xX"],
        "expire-condition" => &[b"NX", b"XX", b"GT", b"LT", b"gt"],
        "pattern" => PATTERNS,
        "type" => &[b"string", b"hash", b"set", b"zset", b"list", b"stream", b"STRING", b"nosuch"],
        "on-off" => &[b"ON", b"off"],
        _ => return None,
    })
}

pub const KEYS: Pool = &[
    b"a",
    b"b",
    b"key",
    b"user:1",
    b"user:2",
    b"",
    b"\x00\xff\r\n",
    b"key with spaces",
    b"[x]*?",
    b"a-key-that-is-longer-than-what-fits-a-small-slot-of-any-engine-0123456789",
];

pub const NUMBER_KEYS: Pool = &[b"n1", b"n2", b"n3"];

pub const HASH_KEYS: Pool = &[b"h1", b"h2", b"h3"];

pub const FIELDS: Pool = &[
    b"f1",
    b"f2",
    b"f3",
    b"name",
    b"",
    b"\x00",
    b"n",
    b"\r\n",
    b"a-field-that-is-too-long-for-the-packed-form-of-a-hash-which-ends-at-64",
];

pub const TEXTS: Pool = &[b"one", b"two", b"hello world", b"x", b"\x00\x01", b"ohmytext", b"0"];

/// Around the sizes at which encodings and copies change.
pub const VALUE_LENGTHS: &[usize] =
    &[1, 43, 44, 45, 63, 64, 65, 255, 1000, 4096, 8191, 8192, 20_000, 40_000];

pub const INTEGERS: Pool = &[
    b"0",
    b"1",
    b"-1",
    b"7",
    b"100",
    b"-100",
    b"2147483648",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"01",
    b"+1",
    b" 1",
    b"1 ",
    b"-0",
    b"1.0",
    b"",
    b"x",
    b"99999999999999999999999",
];

pub const FLOATS: Pool = &[
    b"0",
    b"1",
    b"-1",
    b"0.1",
    b"0.2",
    b"1.5",
    b"3.0",
    b"-2.25",
    b"1e3",
    b"5.0e3",
    b"1E-3",
    b".5",
    b"5.",
    b"100000000000000000000",
    b"0.30000000000000004",
    b"3.14159265358979",
    b"inf",
    b"-inf",
    b"nan",
    b"x",
    b"",
    b" 1",
    b"1 ",
    b"0x10",
    b"1e",
    b"--1",
    b"1,5",
];

pub const EXPIRIES: &[&[u8]] = &[
    b"EX 100",
    b"PX 100000",
    b"EXAT 4102444800",
    b"PXAT 4102444800999",
    b"ex 1000",
    b"EX 0",
    b"PX -1",
    b"EX x",
    b"EX",
    b"EXAT 1",
    b"PXAT 1",
    b"PERSIST",
    b"KEEPTTL",
    b"EX 9223372036854775807",
    b"PX 9223372036854775807",
    b"EX 100 PX 100",
    b"EX 9223372036854775",
    b"EX 10000000000000000000",
];

pub const PATTERNS: Pool = &[
    b"*",
    b"?",
    b"user:*",
    b"user:[12]",
    b"user:[^1]",
    b"h?",
    b"[a-z]*",
    b"*y",
    b"k*y",
    b"\\[x]*",
    b"[",
    b"[]",
    b"[^]",
    b"\\",
    b"*\\",
    b"[z-a]",
    b"**k**",
    b"n[1-2]",
    b"nosuch",
    b"",
];

pub const JUNK: Pool = &[
    b"",
    b"junk",
    b"\x00",
    b"-1",
    b"0",
    b"9223372036854775808",
    b"1e400",
    b"*",
    b"GET",
    b"NX",
    b"EX",
    b"\xff\xfe",
    b"a\r\nb",
    b"18446744073709551616",
    b"-9223372036854775809",
];
