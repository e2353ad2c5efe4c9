//! Transcripts of what the meta commands share: keys, flags, limits, quiet.

use super::{check, check_here};

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
