//! Transcripts of storage, retrieval and deletion.

use super::{check, check_here, check_with};

#[test]
fn values_come_back_with_flags_and_cas_numbers() {
    check(
        r#"
        > get key=k
        get 0x01 value=Not found
        > set key=k value=hello flags=5 opaque=4294967295
        set 0x00 cas=… opaque=4294967295
        > get key=k opaque=7
        get 0x00 flags=5 value=hello cas=… opaque=7
        > getk key=k
        getk 0x00 flags=5 key=k value=hello cas=…
        > getk key=nosuch opaque=9
        getk 0x01 key=nosuch opaque=9
        > set key=k flags=4294967295
        set 0x00 cas=…
        > get key=k
        get 0x00 flags=4294967295 cas=…
        "#,
    );
}

#[test]
fn quiet_requests_tell_only_what_matters() {
    check(
        r#"
        > getq key=k
        > getkq key=k
        > gatq key=k exptime=100
        > gatkq key=k exptime=100
        > setq key=k value=1
        > getq key=k
        getq 0x00 flags=0 value=1 cas=…
        > getkq key=k
        getkq 0x00 flags=0 key=k value=1 cas=…
        > gatq key=k exptime=100
        gatq 0x00 flags=0 value=1 cas=…
        > gatkq key=k exptime=100
        gatkq 0x00 flags=0 key=k value=1 cas=…
        > addq key=k value=2
        addq 0x02 value=Data exists for key.
        > replaceq key=nosuch value=2
        replaceq 0x01 value=Not found
        > appendq key=nosuch value=2
        appendq 0x05 value=Not stored.
        > prependq key=nosuch value=2
        prependq 0x05 value=Not stored.
        > incrementq key=k
        > decrementq key=nosuch exptime=4294967295
        decrementq 0x01 value=Not found
        > appendq key=k value=3
        > prependq key=k value=4
        > get key=k
        get 0x00 flags=0 value=423 cas=…
        > replaceq key=k value=5
        > addq key=n value=6
        > deleteq key=k
        > deleteq key=k
        deleteq 0x01 value=Not found
        > flushq
        > noop
        noop 0x00
        > get key=n
        get 0x01 value=Not found
        > quitq
        (closed)
        "#,
    );
}

#[test]
fn stores_have_conditions() {
    check(
        r#"
        > add key=k value=1
        add 0x00 cas=…
        > add key=k value=2
        add 0x02 value=Data exists for key.
        > replace key=nosuch value=2
        replace 0x01 value=Not found
        > replace key=k value=2 flags=3
        replace 0x00 cas=…
        > append key=k value=3
        append 0x00 cas=…
        > prepend key=k value=1
        prepend 0x00 cas=…
        > append key=nosuch value=3
        append 0x05 value=Not stored.
        > prepend key=nosuch value=3
        prepend 0x05 value=Not stored.
        > get key=k
        get 0x00 flags=3 value=123 cas=…
        "#,
    );
}

#[test]
fn a_cas_number_that_is_not_the_items_stops_every_write() {
    check(
        r#"
        > set key=k value=10
        set 0x00 cas=…
        > set key=k value=2 cas=99999
        set 0x02 value=Data exists for key.
        > add key=k value=2 cas=99999
        add 0x02 value=Data exists for key.
        > replace key=k value=2 cas=99999
        replace 0x02 value=Data exists for key.
        > append key=k value=2 cas=99999
        append 0x02 value=Data exists for key.
        > increment key=k cas=99999
        increment 0x02 value=Data exists for key.
        > delete key=k cas=99999
        delete 0x02 value=Data exists for key.
        > set key=nosuch value=2 cas=1
        set 0x01 value=Not found
        > add key=nosuch value=2 cas=1
        add 0x01 value=Not found
        > append key=nosuch value=2 cas=1
        append 0x05 value=Not stored.
        > delete key=nosuch cas=1
        delete 0x01 value=Not found
        > increment key=new initial=7 cas=1
        increment 0x00 number=7 cas=…
        > get key=k
        get 0x00 flags=0 value=10 cas=…
        "#,
    );
}

#[test]
fn every_write_tells_the_number_that_the_next_one_needs() {
    check_here(
        r#"
        > set key=k value=1
        set 0x00 cas=1
        > get key=k
        get 0x00 flags=0 value=1 cas=1
        > set key=k value=1 cas=1
        set 0x00 cas=2
        > increment key=k cas=2
        increment 0x00 number=2 cas=3
        > append key=k value=x cas=3
        append 0x00 cas=4
        > touch key=k exptime=100
        touch 0x00 flags=0 cas=4
        > get key=k
        get 0x00 flags=0 value=2x cas=4
        > delete key=k cas=4
        delete 0x00
        "#,
    );
}

#[test]
fn without_cas_numbers_stores_do_not_compare_them() {
    check_with(
        "-C",
        r#"
        > set key=k value=1
        set 0x00
        > get key=k
        get 0x00 flags=0 value=1
        > set key=k value=2 cas=5
        set 0x00
        > append key=k value=2 cas=5
        append 0x00
        > delete key=k cas=9
        delete 0x02 value=Data exists for key.
        > increment key=k cas=9
        increment 0x02 value=Data exists for key.
        > increment key=k
        increment 0x00 number=23
        "#,
    );
}

#[test]
fn delete_removes() {
    check(
        r#"
        > set key=k value=1
        set 0x00 cas=…
        > delete key=k
        delete 0x00
        > delete key=k
        delete 0x01 value=Not found
        "#,
    );
}

#[test]
fn touches_tell_flags_and_get_and_touch_the_value() {
    check(
        r#"
        > touch key=k exptime=10
        touch 0x01 value=Not found
        > gat key=k exptime=10
        gat 0x01 value=Not found
        > gatk key=k exptime=10
        gatk 0x01 key=k
        > set key=k value=hello flags=3735928559
        set 0x00 cas=…
        > touch key=k exptime=10
        touch 0x00 flags=3735928559 cas=…
        > gat key=k exptime=10
        gat 0x00 flags=3735928559 value=hello cas=…
        > gatk key=k exptime=10
        gatk 0x00 flags=3735928559 key=k value=hello cas=…
        > touch key=k exptime=4294967295
        touch 0x00 flags=3735928559 cas=…
        > get key=k
        get 0x00 flags=3735928559 value=hello cas=…
        > set key=k value=x exptime=2592001
        set 0x00 cas=…
        > get key=k
        get 0x01 value=Not found
        "#,
    );
}

#[test]
fn expiry_is_in_seconds() {
    check_here(
        r#"
        > set key=k value=x exptime=2
        set 0x00 cas=…
        > gat key=k exptime=10
        gat 0x00 flags=0 value=x cas=…
        ~ 5000 ms
        > touch key=k exptime=3
        touch 0x00 flags=0 cas=…
        ~ 4000 ms
        > get key=k
        get 0x01 value=Not found
        > increment key=n initial=5 exptime=3
        increment 0x00 number=5 cas=…
        ~ 4000 ms
        > increment key=n initial=8
        increment 0x00 number=8 cas=…
        > flush delay=3
        flush 0x00
        > get key=n
        get 0x00 flags=0 value=8 cas=…
        ~ 4000 ms
        > get key=n
        get 0x01 value=Not found
        "#,
    );
}

#[test]
fn a_value_too_large_is_skipped_and_takes_what_it_was_to_replace() {
    check(
        r#"
        > set key=k value=old
        set 0x00 cas=…
        > add key=k value=<x*1048576>
        add 0x03 value=Too large.
        > replace key=k value=<x*1048576>
        replace 0x03 value=Too large.
        > append key=k value=<x*1048576>
        append 0x03 value=Too large.
        > appendq key=k value=<x*1048576>
        appendq 0x03 value=Too large.
        > get key=k
        get 0x00 flags=0 value=old cas=…
        > setq key=k value=<x*1048576>
        setq 0x03 value=Too large.
        > get key=k
        get 0x01 value=Not found
        > set key=k value=<x*1048515>
        set 0x00 cas=…
        > get key=k
        get 0x00 flags=0 value=<x*1048515> cas=…
        > append key=k value=<x*1000>
        append 0x05 value=Not stored.
        > noop
        noop 0x00
        "#,
    );
}

#[test]
fn keys_have_two_hundred_and_fifty_bytes_of_any_kind() {
    check(
        r#"
        > set key=<k*250> value=x
        set 0x00 cas=…
        > getk key=<k*250>
        getk 0x00 flags=0 key=<k*250> value=x cas=…
        > set key=\x00\x20\n value=\x80\r\n
        set 0x00 cas=…
        > getk key=\x00\x20\n
        getk 0x00 flags=0 key=\x00 \n value=\x80\r\n cas=…
        > get key=<k*251>
        get 0x04 value=Invalid arguments
        (closed)
        "#,
    );
}
