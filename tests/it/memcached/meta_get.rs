//! Transcripts of `mg` and `me`.

use super::{check, check_here};

#[test]
fn a_read_answers_what_its_flags_ask_for() {
    check(
        r#"
        > mg k
        EN
        > mg k v k O1 t
        EN kk O1
        > mg k v k q
        > ms k 5 E77 F42 T100
        > hello
        HD
        > mg k
        HD
        > mg k v
        VA 5
        hello
        > mg k s v f t c k Oabc q
        VA 5 s5 f42 t… c77 kk Oabc
        hello
        > mg k Oabc k s
        HD Oabc kk s5
        > mg  k   k
        HD kk
        >> mg k s\n
        HD s5
        >>  mg k s \r\n
        HD s5
        > mg k O
        HD O
        > mg k v1 kxyz s0
        VA 5 kk s5
        hello
        > mg k Pproxy L99 S
        CLIENT_ERROR invalid flag
        > mg k Pproxy L99 s
        HD s5
        > get k
        VALUE k 42 5
        hello
        END
        "#,
    );
}

#[test]
fn reads_are_noted_unless_they_leave_no_trace() {
    check(
        r#"
        > ms k 1
        > x
        HD
        > mg k h u
        HD h0
        > mg k h l
        HD h0 l0
        > mg k h
        HD h1
        > ms k 1
        > x
        HD
        > mg k T0 u
        HD
        > mg k h
        HD h0
        > set k 0 0 1
        > x
        STORED
        > touch k 0
        TOUCHED
        > mg k h
        HD h1
        "#,
    );
}

#[test]
fn one_client_wins_and_the_others_know() {
    check(
        r#"
        > mg k v N30 s t
        VA 0 s0 t30 W
        (empty)
        > mg k v N30 s t
        VA 0 s0 t30 Z
        (empty)
        > ms k 1 T30
        > x
        HD
        > mg k R30 v
        VA 1
        x
        > mg k R31 v
        VA 1 W
        x
        > mg k R31 v
        VA 1 Z
        x
        > ms k 1
        > x
        HD
        > mg k R1000
        HD
        > mg k T100 R50
        HD
        > mg k R50 T10 t
        HD t10
        > mg k R50
        HD W
        > mg new T50 N30 t
        HD t30 W
        > mg new2 N30 T50 t
        HD t50 W
        > mg new3 N0 q
        HD W
        > mg new3 t h u
        HD t-1 h1 Z
        > mg gone N-1
        HD W
        > mg gone
        EN
        "#,
    );
}

#[test]
fn a_person_may_look_at_an_item() {
    check(
        r#"
        > me k
        EN
        > ms k 1 E77
        > x
        HD
        > me k
        ME k exp=-1 la=0 cas=77 fetch=no cls=1 size=61
        > mg k
        HD
        > me k
        ME k exp=-1 la=0 cas=77 fetch=yes cls=1 size=61
        > ms Zm9v 100 b E78 F1 T100
        > <x*100>
        HD
        > me Zm9v b
        ME Zm9v exp=100 la=0 cas=78 fetch=no cls=4 size=166
        > me foo
        ME Zm9v exp=100 la=0 cas=78 fetch=no cls=4 size=166
        > me
        CLIENT_ERROR bad command line format
        "#,
    );
}

#[test]
fn a_value_that_the_client_knows_is_not_sent_again() {
    check_here(
        r#"
        > ms k 5 E10 F3
        > hello
        HD
        > mg k v C10 f c
        HD f3 c10
        > mg k v C9 f c
        VA 5 f3 c10
        hello
        > mg nosuch v C9
        EN
        "#,
    );
}

#[test]
fn time_left_and_time_since_are_told_in_seconds() {
    check_here(
        r#"
        > ms k 1 T30
        > x
        HD
        > mg k t l h
        HD t30 l0 h0
        ~ 4500 ms
        > mg k t l h
        HD t26 l4 h1
        > mg k R26
        HD
        > mg k R27
        HD W
        ~ 20000 ms
        > md k I T5
        HD
        > mg k t
        HD t5 X W
        ~ 5001 ms
        > mg k
        EN
        > ms n 1
        > 5
        HD
        > ma n T2 t v
        VA 1 t2
        6
        ~ 2001 ms
        > ma n
        NF
        "#,
    );
}
