//! Keys in base64, read and written as memcached does: what is no letter of base64 is skipped, a
//! padded group ends the text, and loose bits are dropped.

/// What stands for 0 to 63.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const PAD: u8 = b'=';

/// Marks a byte that stands for nothing.
const NOTHING: u8 = 0xff;

/// What a byte stands for.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NOTHING; 256];
    let mut index = 0;
    while index < LETTERS.len() {
        values[LETTERS[index] as usize] = index as u8;
        index += 1;
    }
    values[PAD as usize] = 0;
    values
}

/// Appends the bytes that `text` stands for. False when it is not base64, and then what was
/// appended means nothing.
pub(super) fn decode(text: &[u8], mut put: impl FnMut(&[u8])) -> bool {
    let letters = || text.iter().filter(|it| VALUES[usize::from(**it)] != NOTHING);
    let n_letters = letters().count();
    if n_letters == 0 || !n_letters.is_multiple_of(4) {
        return false;
    }
    let (mut bits, mut n_pads) = (0_u32, 0);
    for (index, letter) in letters().enumerate() {
        bits = bits << 6 | u32::from(VALUES[usize::from(*letter)]);
        n_pads += usize::from(*letter == PAD);
        if index % 4 == 3 {
            if n_pads > 2 {
                return false;
            }
            put(&bits.to_be_bytes()[1..4 - n_pads]);
            if n_pads > 0 {
                return true;
            }
            bits = 0;
        }
    }
    true
}

/// Appends the text that stands for `bytes`.
pub(crate) fn encode(bytes: &[u8], text: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let letter = |shift: u32| LETTERS[(bits >> shift & 63) as usize];
        let group = [
            letter(18),
            letter(12),
            if chunk.len() > 1 { letter(6) } else { PAD },
            if chunk.len() > 2 { letter(0) } else { PAD },
        ];
        text.extend_from_slice(&group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        decode(text, |it| bytes.extend_from_slice(it)).then_some(bytes)
    }

    #[test]
    fn what_is_encoded_comes_back() {
        for len in 0..60_u8 {
            let bytes: Vec<u8> = (0..len).map(|it| it.wrapping_mul(37)).collect();
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            assert_eq!(text.len(), bytes.len().div_ceil(3) * 4);
            assert_eq!(decoded(&text), (len > 0).then_some(bytes));
        }
    }

    #[test]
    fn loose_text_is_read_as_memcached_reads_it() {
        for (text, bytes) in [
            (&b"Zm9v"[..], &b"foo"[..]),
            (b"Zm8=", b"fo"),
            (b"Zm9=", b"fo"),
            (b"Zg==", b"f"),
            (b"Zh==", b"f"),
            (b"Zg==Zg==", b"f"),
            (b"Zg==!!!", b"f"),
            (b"Z-m9v", b"foo"),
            (b"Z=9v", b"d\x0f"),
            (b"/+8A", b"\xff\xef\0"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(bytes), "{}", text.escape_ascii());
        }
        for text in
            [&b""[..], b"Z", b"Zg", b"Zg=", b"====", b"Z-9v", b"Zm9v====", b"\xff\xff\xff\xff"]
        {
            assert_eq!(decoded(text), None, "{}", text.escape_ascii());
        }
    }
}
