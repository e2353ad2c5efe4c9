//! Transcripts of expiry, touch and flush.

use super::{check, check_here};

#[test]
fn touch_and_gat_change_the_expiry() {
    check_here(
        r#"
        > set k 0 10 1
        > x
        STORED
        > touch k 100
        TOUCHED
        ~ 50000 ms
        > get k
        VALUE k 0 1
        x
        END
        > gat 200 k nosuch
        VALUE k 0 1
        x
        END
        ~ 100000 ms
        > gats 0 k
        VALUE k 0 1 1
        x
        END
        ~ 1000000000 ms
        > get k
        VALUE k 0 1
        x
        END
        > touch nosuch 1
        NOT_FOUND
        > touch k -1
        TOUCHED
        > get k
        END
        > set k 0 0 1
        > x
        STORED
        > touch k 2592001
        TOUCHED
        > get k
        END
        "#,
    );
}

#[test]
fn touch_and_gat_refuse_nonsense() {
    check(
        r#"
        > set k 0 0 1
        > x
        STORED
        > touch k x
        CLIENT_ERROR invalid exptime argument
        > touch k 0
        TOUCHED
        > touch k 0 noreply
        > touch nosuch 0
        NOT_FOUND
        > gat 100 k
        VALUE k 0 1
        x
        END
        > gat x k
        CLIENT_ERROR invalid exptime argument
        > gats 0 nosuch
        END
        > gat 0 k nosuch k
        VALUE k 0 1
        x
        VALUE k 0 1
        x
        END
        > gat -1 k
        VALUE k 0 1
        x
        END
        > get k
        END
        "#,
    );
}

#[test]
fn values_expire_in_their_second() {
    check_here(
        r#"
        > set k 0 2 1
        > x
        STORED
        ~ 1000 ms
        > get k
        VALUE k 0 1
        x
        END
        ~ 2000 ms
        > get k
        END
        > set k 0 -1 1
        > x
        STORED
        > get k
        END
        > set k 0 2592000 1
        > x
        STORED
        ~ 2591998000 ms
        > get k
        VALUE k 0 1
        x
        END
        ~ 4000 ms
        > get k
        END
        > add k 0 1 1
        > y
        STORED
        ~ 3000 ms
        > add k 0 0 1
        > z
        STORED
        > get k
        VALUE k 0 1
        z
        END
        "#,
    );
}

#[test]
fn flush_forgets_everything() {
    check(
        r#"
        > set k 0 0 1
        > x
        STORED
        > flush_all
        OK
        > get k
        END
        > set k 0 0 1
        > x
        STORED
        > flush_all 0
        OK
        > get k
        END
        > flush_all noreply
        > flush_all 1000
        OK
        > flush_all x
        CLIENT_ERROR invalid exptime argument
        > flush_all -1
        OK
        > flush_all 0 noreply
        "#,
    );
}

#[test]
fn a_delayed_flush_waits() {
    check_here(
        r#"
        > set k 0 0 1
        > x
        STORED
        > flush_all 10
        OK
        > get k
        VALUE k 0 1
        x
        END
        ~ 5000 ms
        > get k
        VALUE k 0 1
        x
        END
        ~ 6000 ms
        > get k
        END
        > set k 0 0 1
        > y
        STORED
        > get k
        VALUE k 0 1
        y
        END
        "#,
    );
}
