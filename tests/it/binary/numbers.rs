//! Transcripts of sums.

use super::check;

#[test]
fn sums_begin_with_the_initial_number_unless_the_expiry_forbids_it() {
    check(
        r#"
        > increment key=n delta=1 initial=10 exptime=4294967295
        increment 0x01 value=Not found
        > increment key=n delta=1 initial=10
        increment 0x00 number=10 cas=…
        > increment key=n delta=5 initial=10
        increment 0x00 number=15 cas=…
        > decrement key=n delta=7 exptime=4294967295
        decrement 0x00 number=8 cas=…
        > get key=n
        get 0x00 flags=0 value=8… cas=…
        > decrement key=m initial=9223372036854775808
        decrement 0x00 number=9223372036854775808 cas=…
        > get key=m
        get 0x00 flags=0 value=9223372036854775808 cas=…
        "#,
    );
}

#[test]
fn sums_wrap_upwards_and_stop_at_zero() {
    check(
        r#"
        > set key=n value=18446744073709551615
        set 0x00 cas=…
        > increment key=n delta=2
        increment 0x00 number=1 cas=…
        > decrement key=n delta=100
        decrement 0x00 number=0 cas=…
        > set key=n value=10
        set 0x00 cas=…
        > decrement key=n delta=1
        decrement 0x00 number=9 cas=…
        > increment key=n delta=18446744073709551615
        increment 0x00 number=8 cas=…
        "#,
    );
}

#[test]
fn only_numbers_can_be_added_to() {
    check(
        r#"
        > set key=t value=text
        set 0x00 cas=…
        > increment key=t
        increment 0x06 value=Non-numeric server-side value for incr or decr
        > incrementq key=t
        incrementq 0x06 value=Non-numeric server-side value for incr or decr
        > set key=t
        set 0x00 cas=…
        > decrement key=t
        decrement 0x06 value=Non-numeric server-side value for incr or decr
        > set key=t value=1111111111111111111111111
        set 0x00 cas=…
        > decrement key=t
        decrement 0x06 value=Non-numeric server-side value for incr or decr
        > get key=t
        get 0x00 flags=0 value=1111111111111111111111111 cas=…
        "#,
    );
}
