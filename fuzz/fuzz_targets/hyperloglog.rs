//! HyperLogLogs that clients have written byte by byte: the dense and the sparse decoder, and
//! changes in either form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_engine::{HyperLogLog, HyperLogLogMut, Registers, Str};

const SPARSE_BYTES_MAX: usize = 3000;

fuzz_target!(|input: (bool, &[u8], &[u8])| {
    let (is_whole, body, elements) = input;
    let mut string = Str::default();
    if is_whole {
        string.append(body);
    } else {
        // A good header, so that the fuzzer need not find one.
        string.append(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80");
        string.append(body);
    }
    let Ok(sketch) = HyperLogLog::read(&string) else { return };
    let _ = sketch.runs().map(Iterator::count);
    let before = sketch.registers().map(|it| it.iter().collect::<Vec<u8>>()).ok();
    let mut open = HyperLogLogMut::open(&mut string, SPARSE_BYTES_MAX).expect("it was read");
    let mut all_added = true;
    for element in elements.chunks(3) {
        all_added &= open.add(element).is_ok();
    }
    // Only what was whole before must be whole afterwards.
    let Some(before) = before else { return };
    assert!(all_added, "every register is there");
    let after = registers(&string);
    assert!(before.iter().zip(after.iter()).all(|(before, after)| *before <= after));
    HyperLogLogMut::open(&mut string, 0).expect("it was read").make_dense().expect("it is whole");
    assert!(registers(&string).iter().eq(after.iter()), "both forms hold the same");
    let _ = after.estimate();
});

fn registers(string: &Str) -> Registers {
    let sketch = HyperLogLog::read(string).expect("it was one before");
    sketch.registers().expect("it was whole before")
}
