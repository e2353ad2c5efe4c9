//! Transcripts of `ms`, `md` and `ma`.

use super::check;

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
        "#,
    );
}

#[test]
fn what_is_new_is_not_stale() {
    check(
        r#"
        > ms k 3 E9
        > old
        HD
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
