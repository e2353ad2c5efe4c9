//! Transcripts of the meta commands.

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
fn stores_have_modes() {
    check(
        r#"
        > ms k 2 MR
        > ab
        NS
        > ms k 2 MA
        > ab
        NS
        > ms k 2 ME
        > ab
        HD
        > ms k 2 ME s k O1
        > xy
        NS s2 kk O1
        > ms k 2 MA s k O1
        > cd
        HD s4 kk O1
        > ms k 1 MP
        > _
        HD
        > mg k v
        VA 5
        _abcd
        > ms k 3 MR F1 T-1
        > new
        HD
        > mg k v
        EN
        > ms k 3 MS
        > set
        HD
        > ms n 3 MA N100 F9
        > abc
        HD
        > mg n v t f
        VA 3 t100 f9
        abc
        > ms n 3 MP N0 T50 F1
        > abc
        HD
        > mg n v t f
        VA 6 t100 f9
        abcabc
        > ms k 1 MX
        > x
        CLIENT_ERROR invalid mode for ms M token
        > ms k 1 M
        > x
        CLIENT_ERROR incorrect length for M token
        > ms k 1 Mset
        > x
        CLIENT_ERROR incorrect length for M token
        > mg k v
        VA 3
        set
        "#,
    );
}

#[test]
fn cas_numbers_come_in_and_out() {
    check(
        r#"
        > ms k 1 E10
        > a
        HD
        > ms k 1 C9
        > b
        EX
        > ms k 1 C9 c k
        > b
        EX c0 kk
        > ms k 1 C10 E11 c
        > b
        HD c11
        > gets k
        VALUE k 0 1 11
        b
        END
        > ms nosuch 1 C10 c
        > b
        NF c0
        > ms nosuch 1 C10 MR
        > b
        NF
        > ms nosuch 1 C10 MA
        > b
        NS
        > ms k 1 C10 MA
        > b
        EX
        > ms k 1 C11 E12 MA
        > c
        HD
        > ms k 1 C0
        > c
        EX
        > ms k 1 C0 MA E13
        > d
        HD
        > ms k 1 C1 ME
        > d
        NS
        > cas k 0 0 1 13
        > e
        STORED
        > ms k 1 E5
        > 7
        HD
        > ma k C4 v
        EX
        > ma k C5 v E6 c
        VA 1 c6
        8
        > ma k C0 v E7 c
        VA 1 c7
        9
        > md k C6
        EX
        > md k C0
        EX
        > md k C7 k O9
        HD kk O9
        > md k C7 k O9
        NF kk O9
        > mg k E50 N0 c
        HD c50 W
        "#,
    );
}

#[test]
fn a_removal_may_leave_a_stale_or_an_empty_item() {
    check(
        r#"
        > ms k 5 E10 F3 T1000
        > hello
        HD
        > md k I E20 T500
        HD
        > mg k v c f t
        VA 5 c20 f3 t500 X W
        hello
        > mg k v c
        VA 5 c20 Z X
        hello
        > get k
        VALUE k 3 5
        hello
        END
        > ms k 5 C20 E21
        > fresh
        HD
        > mg k v
        VA 5
        fresh
        > ms k 3 C5 I T50 E30 F1
        > old
        HD
        > mg k v t c f
        VA 3 t-1 c30 f1 X W
        old
        > ms k 3 C6 I E31
        > old
        HD
        > mg k
        HD Z X
        > ms k 3 C999 I
        > new
        EX
        > md k I
        HD
        > mg k
        HD X W
        > append k 0 0 1
        > !
        STORED
        > mg k v
        VA 4
        old!
        > md k x E40
        HD
        > mg k v f t c h
        VA 0 f0 t-1 c40 h0
        (empty)
        > md k x I T100
        HD
        > mg k v t
        VA 0 t100 X W
        (empty)
        > md k I T-1
        HD
        > mg k
        EN
        > ms k 1
        > x
        HD
        > md k T500
        HD
        > mg k
        EN
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
fn numbers_are_added_to() {
    check(
        r#"
        > ma n
        NF
        > ma n q
        NF
        > ma n N0 J10 v
        VA 2
        10
        > ma n v
        VA 2
        11
        > ma n D5 q v
        > ma n k O1 v
        VA 2 kn O1
        17
        > ma n MD D7 v
        VA 2
        10
        > ma n M- v
        VA 1
        9
        > ma n M+
        HD
        > ma n MI T100 t
        HD t100
        > ma n t T50
        HD t100
        > mg n t v s
        VA 2 t50 s2
        12
        > ma n MD D99 v
        VA 1
        0
        > ma n D18446744073709551615 v
        VA 20
        18446744073709551615
        > ma n v
        VA 1
        0
        > ma m N30 T50 t J5 v
        VA 1 t50
        5
        > ma m2 T50 N30 t
        HD t30
        > ma n Mx
        CLIENT_ERROR invalid mode for ma M token
        > ma n MD MD
        CLIENT_ERROR invalid or duplicate flag
        > ma n Dx
        CLIENT_ERROR invalid or duplicate flag
        > set n 0 0 1
        > x
        STORED
        > ma n
        CLIENT_ERROR cannot increment or decrement non-numeric value
        > ma n q
        CLIENT_ERROR cannot increment or decrement non-numeric value
        "#,
    );
}

#[test]
fn keys_may_come_as_base64() {
    check(
        r#"
        > ms Zm9v 1 b k O1
        > x
        HD kZm9v b O1
        > mg Zm9v b k v
        VA 1 kZm9v b
        x
        > mg foo k
        HD kZm9v b
        > get foo
        VALUE foo 0 1
        x
        END
        > ms foo 1 k
        > 5
        HD kfoo
        > mg Zm9v b k
        HD kfoo
        > ma Zm9v b k v
        VA 1 kZm9v b
        6
        > md Zm9v b k
        HD kZm9v b
        > mg Zm9v k b
        EN kZm9v b
        > mg Zh== b k
        EN kZg== b
        > ms IA== 1 b
        > x
        HD
        > mg IA== b v
        VA 1
        x
        > mg Zm9 b
        CLIENT_ERROR error decoding key
        > ms Zm9 1 b
        > x
        CLIENT_ERROR error decoding key
        > md Zm9 b
        CLIENT_ERROR invalid or duplicate flag
        > me Zm9 b
        CLIENT_ERROR bad command line format
        "#,
    );
}

#[test]
fn quiet_commands_tell_only_what_matters() {
    check(
        r#"
        > mn
        MN
        > mg k q
        > ms k 1 q
        > x
        > ms k 1 q ME
        > x
        NS
        > ms k 1 q C999999999
        > x
        EX
        > ms nosuch 1 q C1
        > x
        NF
        > mg k q
        HD
        > mg k q v
        VA 1
        x
        > md k q I
        > md k q C999999999
        EX
        > md k q
        > md k q
        NF
        > ma n N0 q v
        VA 1
        0
        > ma n N0 q v
        > ma nosuch q
        NF
        > mg k q z
        CLIENT_ERROR invalid flag
        > ms k 1 q z
        > x
        CLIENT_ERROR invalid flag
        > mn x y
        MN
        >> mg a q\r\nmg b q v\r\nms c 1 q\r\nx\r\nmg c v q\r\nmn\r\n
        VA 1
        x
        MN
        "#,
    );
}

#[test]
fn flags_are_checked() {
    check(
        r#"
        > mg k z
        CLIENT_ERROR invalid flag
        > mg k V
        CLIENT_ERROR invalid flag
        > mg k 9
        CLIENT_ERROR invalid flag
        > mg k noreply
        CLIENT_ERROR invalid flag
        > mg k v v
        CLIENT_ERROR duplicate flag
        > mg k O1 O2
        CLIENT_ERROR duplicate flag
        > mg k Tx
        CLIENT_ERROR bad token in command line format
        > mg k T
        CLIENT_ERROR bad token in command line format
        > mg k N
        CLIENT_ERROR bad token in command line format
        > mg k Cx
        CLIENT_ERROR bad token in command line format
        > mg k C-1
        CLIENT_ERROR bad token in command line format
        > mg k E18446744073709551616
        CLIENT_ERROR bad token in command line format
        > mg k Dx
        CLIENT_ERROR invalid numeric delta value
        > mg k J-1
        CLIENT_ERROR invalid numeric initial value
        > mg k Fx
        CLIENT_ERROR bad command line format
        > mg k Nx Fx
        CLIENT_ERROR bad token in command line format
        > mg k Nx Dx Jx
        CLIENT_ERROR invalid numeric initial value
        > mg k Nx v v
        CLIENT_ERROR duplicate flag
        > mg k b Nx
        CLIENT_ERROR bad token in command line format
        > mg k Nx b
        CLIENT_ERROR error decoding key
        > mg k M
        CLIENT_ERROR incorrect length for M token
        > mg k O<o*31>
        EN Oooooooooooooooooooooooooooooooo
        > mg k O<o*32>
        CLIENT_ERROR opaque token too long
        > ms k 1 O<o*32> MX
        > x
        CLIENT_ERROR invalid mode for ms M token
        > ms k 1 O<o*32>
        > x
        CLIENT_ERROR opaque token too long
        > md k O<o*32>
        CLIENT_ERROR opaque token too long
        > ma k O<o*32>
        CLIENT_ERROR opaque token too long
        > mg k t s f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1
        HD t-1 s0 f0 c1 h0 l0 kk O1 W
        > mg k v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x
        CLIENT_ERROR options flags are too long
        > MG k
        ERROR
        "#,
    );
}

#[test]
fn keys_and_values_have_limits() {
    check(
        r#"
        > ms <k*250> 1
        > x
        HD
        > mg <k*250> v
        VA 1
        x
        > mg <k*251> v
        CLIENT_ERROR bad command line format
        > md <k*251>
        CLIENT_ERROR bad command line format
        > ma <k*251>
        CLIENT_ERROR bad command line format
        > me <k*251>
        CLIENT_ERROR bad command line format
        >> ms <k*251> 9\r\nbogus bog\r\n
        CLIENT_ERROR bad command line format
        ERROR
        > ms k
        CLIENT_ERROR bad command line format
        > ms k x
        CLIENT_ERROR bad command line format
        > ms k -1
        CLIENT_ERROR bad command line format
        > ms k 2147483646
        CLIENT_ERROR bad command line format
        > ms k 0
        >
        HD
        > mg k v
        VA 0
        (empty)
        >> ms k 3\r\nabcde bog\r\n
        CLIENT_ERROR bad data chunk
        ERROR
        >> ms k 3 q\r\nabcde bog\r\n
        CLIENT_ERROR bad data chunk
        ERROR
        >> ms k 20000\r\n<x*20000>yyzzzz\r\n
        CLIENT_ERROR bad data chunk
        ERROR
        > mg k s
        HD s0
        >> ms k 20000 z\r\n<x*20000>\r\nmn\r\n
        CLIENT_ERROR invalid flag
        MN
        >> ms k 20000 s\r\n<x*20000>\r\nmn\r\n
        HD s20000
        MN
        > mg k v
        VA 20000
        <x*20000>
        >> ms Zm9v 20000 b k F7\r\n<x*20000>\r\n
        HD kZm9v b
        > mg foo s f k
        HD s20000 f7 kZm9v b
        >> ms k 20000 MA s\r\n<y*20000>\r\n
        HD s40000
        >> <x*3000>
        (closed)
        "#,
    );
}

#[test]
fn a_value_too_large_takes_the_old_one_with_it() {
    check(
        r#"
        > ms k 1
        > x
        HD
        >> ms k 1048576 q\r\n<x*1048576>\r\n
        SERVER_ERROR object too large for cache
        > mg k v
        EN
        > ms k 1
        > x
        HD
        >> ms k 1048576 ME\r\n<x*1048576>\r\n
        SERVER_ERROR object too large for cache
        > mg k v
        EN
        > ms k 1
        > x
        HD
        >> ms k 1048576 MA\r\n<x*1048576>\r\n
        SERVER_ERROR object too large for cache
        > mg k v
        EN
        >> ms k 1048064 s\r\n<x*1048064>\r\n
        HD s1048064
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
        ME k exp=-1 la=0 cas=77 fetch=no cls=… size=…
        > mg k
        HD
        > me k
        ME k exp=-1 la=0 cas=77 fetch=yes cls=… size=…
        > ms Zm9v 100 b E78 F1 T100
        > <x*100>
        HD
        > me Zm9v b
        ME Zm9v exp=100 la=0 cas=78 fetch=no cls=… size=…
        > me foo
        ME Zm9v exp=100 la=0 cas=78 fetch=no cls=… size=…
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
fn words_of_the_newer_version() {
    check_here(
        r#"
        > mg
        CLIENT_ERROR bad command line format
        > ms
        CLIENT_ERROR bad command line format
        > md
        CLIENT_ERROR bad command line format
        > ma
        CLIENT_ERROR bad command line format
        > me
        CLIENT_ERROR bad command line format
        > md k v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x
        CLIENT_ERROR options flags are too long
        > ma k v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x
        CLIENT_ERROR options flags are too long
        > ms k 1 v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1
        CLIENT_ERROR options flags are too long
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
