//! Transcripts of stats.

use super::check;

#[test]
fn stats_answer_by_topic() {
    check(
        r#"
        > stats items
        END
        > stats slabs
        STAT active_slabs 0
        STAT total_malloced 0
        END
        > stats sizes
        STAT sizes_status disabled
        END
        > set k 0 0 1
        > x
        STORED
        > stats reset
        RESET
        > stats bogus
        ERROR
        > stats detail
        CLIENT_ERROR usage: stats detail on|off|dump
        > stats detail on
        OK
        > stats detail dump
        END
        > set a:b 0 0 1
        > x
        STORED
        > get a:b
        VALUE a:b 0 1
        x
        END
        > get a:c
        END
        > delete a:b
        DELETED
        > stats detail dump
        PREFIX a get 2 hit 1 set 1 del 1
        END
        > stats detail off
        OK
        > stats detail bogus
        CLIENT_ERROR usage: stats detail on|off|dump
        > stats sizes x
        STAT sizes_status disabled
        END
        "#,
    );
}
