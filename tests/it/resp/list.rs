//! Transcripts of the list family.

use super::check;

#[test]
fn elements_are_pushed_to_both_ends_and_read_by_index() {
    check(
        r#"
        > RPUSH l b c
        2
        > LPUSH l a
        3
        > LPUSH l y x
        5
        > LLEN l
        5
        > LRANGE l 0 -1
        ["x" "y" "a" "b" "c"]
        > LRANGE l 1 2
        ["y" "a"]
        > LRANGE l -2 -1
        ["b" "c"]
        > LRANGE l -100 100
        ["x" "y" "a" "b" "c"]
        > LRANGE l 3 1
        []
        > LRANGE l 5 9
        []
        > LRANGE l 9223372036854775807 -9223372036854775808
        []
        > LRANGE l -9223372036854775808 9223372036854775807
        ["x" "y" "a" "b" "c"]
        > LINDEX l 0
        "x"
        > LINDEX l -1
        "c"
        > LINDEX l 5
        (nil)
        > LINDEX l -6
        (nil)
        > LINDEX l 9223372036854775807
        (nil)
        > LINDEX l -9223372036854775808
        (nil)
        "#,
    );
}

#[test]
fn elements_are_pushed_to_lists_that_exist_and_kept_byte_by_byte() {
    check(
        r#"
        > RPUSH l a
        1
        > RPUSHX l z
        2
        > LPUSHX l w v
        4
        > LRANGE l 0 -1
        ["v" "w" "a" "z"]
        > LPUSHX nosuch a
        0
        > RPUSHX nosuch a b
        0
        > EXISTS nosuch
        0
        > LLEN nosuch
        0
        > LRANGE nosuch 0 -1
        []
        > LINDEX nosuch 0
        (nil)
        > LINDEX nosuch x
        (nil)
        > LINDEX l x
        !ERR value is not an integer or out of range
        > LRANGE nosuch x 0
        !ERR value is not an integer or out of range
        > TYPE l
        list
        > RPUSH bytes "" "\x00\r\n" 007 -0 7 -7 9223372036854775807 9223372036854775808
        8
        > LRANGE bytes 0 -1
        ["" "\x00\r\n" "007" "-0" "7" "-7" "9223372036854775807" "9223372036854775808"]
        "#,
    );
}

#[test]
fn elements_are_taken_from_both_ends() {
    check(
        r#"
        > RPUSH l 1 2 3 4 5 6 7 8
        8
        > LPOP l
        "1"
        > RPOP l
        "8"
        > LPOP l 2
        ["2" "3"]
        > RPOP l 2
        ["7" "6"]
        > LPOP l 0
        []
        > RPOP l 100
        ["5" "4"]
        > EXISTS l
        0
        > LPOP l
        (nil)
        > LPOP l 1
        (nil array)
        > LPOP l 0
        (nil array)
        > RPOP nosuch 9223372036854775807
        (nil array)
        > RPUSH l a
        1
        > LPOP l -1
        !ERR value is out of range, must be positive
        > LPOP l x
        !ERR value is out of range, must be positive
        > LPOP l 1 2
        !ERR wrong number of arguments for 'lpop' command
        > RPOP l ""
        !ERR value is out of range, must be positive
        > RPOP l
        "a"
        > TYPE l
        none
        "#,
    );
}

#[test]
fn elements_are_set_inserted_removed_and_cut_off() {
    check(
        r#"
        > RPUSH l a b c b a
        5
        > LSET l 0 A
        OK
        > LSET l -1 Z
        OK
        > LSET l 5 x
        !ERR index out of range
        > LSET l -6 x
        !ERR index out of range
        > LSET l x x
        !ERR value is not an integer or out of range
        > LSET nosuch 0 x
        !ERR no such key
        > LSET nosuch x x
        !ERR no such key
        > LINSERT l BEFORE b new
        6
        > LINSERT l after b newer
        7
        > LINSERT l AFTER Z last
        8
        > LINSERT l BEFORE A first
        9
        > LINSERT l BEFORE nosuch x
        -1
        > LINSERT nosuch BEFORE a x
        0
        > LINSERT l BESIDE a x
        !ERR syntax error
        > LRANGE l 0 -1
        ["first" "A" "new" "b" "newer" "c" "b" "Z" "last"]
        > LREM l 1 b
        1
        > LREM l -1 b
        1
        > LREM l 0 nosuch
        0
        > LREM nosuch 0 a
        0
        > LREM l x a
        !ERR value is not an integer or out of range
        > LREM l -9223372036854775808 a
        !ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > LRANGE l 0 -1
        ["first" "A" "new" "newer" "c" "Z" "last"]
        "#,
    );
}

#[test]
fn equal_elements_are_removed_from_both_ends() {
    check(
        r#"
        > RPUSH many x y x y x y x
        7
        > LREM many 2 x
        2
        > LRANGE many 0 -1
        ["y" "y" "x" "y" "x"]
        > LREM many -2 y
        2
        > LRANGE many 0 -1
        ["y" "x" "x"]
        > LREM many 0 x
        2
        > LREM many 0 y
        1
        > EXISTS many
        0
        "#,
    );
}

#[test]
fn lists_are_cut_off_at_both_ends() {
    check(
        r#"
        > RPUSH l a b c d e f
        6
        > LTRIM l 1 -2
        OK
        > LRANGE l 0 -1
        ["b" "c" "d" "e"]
        > LTRIM l -2 100
        OK
        > LRANGE l 0 -1
        ["d" "e"]
        > LTRIM l 5 9
        OK
        > EXISTS l
        0
        > LTRIM nosuch 0 0
        OK
        > LTRIM nosuch x 0
        !ERR value is not an integer or out of range
        > RPUSH l a
        1
        > LTRIM l x 0
        !ERR value is not an integer or out of range
        > LTRIM l 0 0
        OK
        > LRANGE l 0 -1
        ["a"]
        "#,
    );
}

#[test]
fn equal_elements_are_found_from_both_ends() {
    check(
        r#"
        > RPUSH l a b c 1 2 3 c c
        8
        > LPOS l c
        2
        > LPOS l 1
        3
        > LPOS l nosuch
        (nil)
        > LPOS nosuch c
        (nil)
        > LPOS l c RANK 2
        6
        > LPOS l c RANK -1
        7
        > LPOS l c RANK -3
        2
        > LPOS l c RANK 4
        (nil)
        > LPOS l c COUNT 2
        [2 6]
        > LPOS l c COUNT 0
        [2 6 7]
        > LPOS l c COUNT 2 RANK -1
        [7 6]
        > LPOS l c COUNT 0 RANK 2
        [6 7]
        > LPOS l nosuch COUNT 0
        []
        > LPOS nosuch c COUNT 1
        []
        > LPOS l c COUNT 0 MAXLEN 3
        [2]
        > LPOS l c COUNT 0 MAXLEN 2
        []
        > LPOS l c MAXLEN 7 RANK 2
        6
        > LPOS l c COUNT 0 MAXLEN 3 RANK -1
        [7 6]
        > LPOS l c MAXLEN 0
        2
        > LPOS l c RANK 0
        !ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use
        |  negative to start from the end of the list
        > LPOS l c RANK -9223372036854775808
        !ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > LPOS l c RANK 9223372036854775807
        (nil)
        > LPOS l c COUNT -1
        !ERR COUNT can't be negative
        > LPOS l c COUNT x
        !ERR COUNT can't be negative
        > LPOS l c MAXLEN -1
        !ERR MAXLEN can't be negative
        > LPOS l c RANK
        !ERR syntax error
        > LPOS l c NOSUCH 1
        !ERR syntax error
        > LPOS l c COUNT 1 COUNT 2
        [2 6]
        "#,
    );
}
