//! Transcripts of `lru_crawler`, `lru` and `slabs`.

use tandem_tests::client::Client;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::server::Tandem;

use super::{check, check_here};

#[test]
fn the_crawler_is_told_what_to_do() {
    check(
        r#"
        > lru_crawler
        ERROR
        > lru_crawler bogus
        ERROR
        > lru_crawler enable
        ERROR failed to start lru crawler thread
        > lru_crawler enable now
        ERROR
        > lru_crawler sleep
        ERROR
        > lru_crawler sleep 1000001
        CLIENT_ERROR sleep must be one second or less
        > lru_crawler sleep 1000000
        OK
        > lru_crawler sleep -1
        CLIENT_ERROR bad command line format
        > lru_crawler sleep x
        CLIENT_ERROR bad command line format
        > lru_crawler sleep 2000000 noreply
        ERROR
        > lru_crawler sleep 0
        OK
        > lru_crawler tocrawl
        ERROR
        > lru_crawler tocrawl x
        CLIENT_ERROR bad command line format
        > lru_crawler tocrawl 4294967296
        OK
        > lru_crawler tocrawl 10
        OK
        > lru_crawler tocrawl 0
        OK
        "#,
    );
}

#[test]
fn crawls_are_asked_for_by_class() {
    check(
        r#"
        > lru_crawler crawl
        ERROR
        > lru_crawler crawl ,
        NOTSTARTED no items to crawl
        > lru_crawler crawl 0
        BADCLASS invalid class id
        > lru_crawler crawl 64
        BADCLASS invalid class id
        > lru_crawler crawl 1,x
        BADCLASS invalid class id
        > lru_crawler crawl -1
        BADCLASS invalid class id
        > lru_crawler crawl 1x
        BADCLASS invalid class id
        > lru_crawler crawl 1 2
        ERROR
        > lru_crawler crawl hash
        ERROR an unknown error happened
        > lru_crawler crawl all noreply
        ERROR
        "#,
    );
    // memcached may be busy with another.
    check_here(
        r#"
        > lru_crawler crawl all
        OK
        > lru_crawler crawl 1
        OK
        > lru_crawler crawl 1,2,,63,
        OK
        "#,
    );
}

#[test]
fn a_disabled_crawler_neither_crawls_nor_dumps() {
    // memcached's ends a moment later.
    check_here(
        r#"
        > lru_crawler disable
        OK
        > lru_crawler disable
        OK
        > lru_crawler crawl all
        CLIENT_ERROR lru crawler disabled
        > lru_crawler metadump all
        CLIENT_ERROR lru crawler disabled
        > lru_crawler mgdump all
        CLIENT_ERROR lru crawler disabled
        > lru_crawler metadump
        ERROR
        > lru_crawler enable
        OK
        > lru_crawler enable
        ERROR failed to start lru crawler thread
        > lru_crawler crawl 64
        BADCLASS invalid class id
        "#,
    );
}

#[test]
fn dumps_that_cannot_be_are_refused() {
    check(
        r#"
        > lru_crawler metadump
        ERROR
        > lru_crawler metadump all noreply
        ERROR
        > lru_crawler metadump 64
        BADCLASS invalid class id
        > lru_crawler metadump noreply
        BADCLASS invalid class id
        > lru_crawler mgdump
        ERROR
        > lru_crawler mgdump x
        BADCLASS invalid class id
        >> get k\r\nlru_crawler metadump all\r\n
        END
        ERROR cannot pipeline other commands before metadump
        >> get k\r\nlru_crawler mgdump all\r\n
        END
        ERROR cannot pipeline other commands before mgdump
        >> get k\r\nlru_crawler metadump 64\r\n
        END
        ERROR cannot pipeline other commands before metadump
        >> get k\r\nlru_crawler metadump\r\n
        END
        ERROR
        "#,
    );
}

/// memcached says `OK` in front since 1.6.45; before, the dump began at once.
#[test]
fn dumps_list_keys_and_what_is_known_of_them() {
    check_here(
        r#"
        > lru_crawler metadump all
        OK
        END
        > lru_crawler mgdump hash
        OK
        EN
        > set foo 5 0 3
        > abc
        STORED
        > get foo
        VALUE foo 5 3
        abc
        END
        >> set k%\x01\xff 0 100 3\r\nabc\r\n
        STORED
        > lru_crawler metadump 1
        OK
        key=… exp=… la=… cas=0 fetch=… cls=1 size=… flags=…
        key=… exp=… la=… cas=0 fetch=… cls=1 size=… flags=…
        END
        > lru_crawler metadump 2,3
        OK
        END
        >> lru_crawler mgdump all\r\nget foo\r\n
        OK
        mg …
        mg …
        EN
        VALUE foo 5 3
        abc
        END
        > delete foo
        DELETED
        > lru_crawler metadump all
        OK
        key=k%25%01%FF exp=… la=… cas=0 fetch=no cls=1 size=66 flags=0
        END
        > lru_crawler mgdump 1
        OK
        mg k%\x01\xff
        EN
        "#,
    );
}

#[test]
fn the_lists_of_recent_use_are_tuned() {
    check(
        r#"
        > lru
        ERROR
        > lru tune
        ERROR
        > lru tune 10 25 0.1 2.0
        OK
        > lru tune 10 25 0.1 2.0 noreply
        > lru tune 50 50 0.1 2.0
        ERROR hot and warm pcts must not exceed 80
        > lru tune 10 25 0 2.0
        ERROR hot/warm age factors must be greater than 0
        > lru tune 10 25 0.1 0
        ERROR hot/warm age factors must be greater than 0
        > lru tune 10 25 x 2.0
        ERROR
        > lru tune -1 25 0.1 2.0
        ERROR
        > lru tune 10 25 0.1
        ERROR
        > lru bogus 1
        ERROR
        > lru mode
        ERROR
        > lru mode bogus
        ERROR
        > lru temp_ttl
        ERROR
        > lru temp_ttl x
        ERROR
        "#,
    );
}

#[test]
fn lists_are_told_as_the_mode_has_them() {
    check(
        r#"
        > lru mode flat
        OK
        > lru mode segmented noreply
        > lru mode segmentedx
        ERROR
        > lru mode flat and more
        OK
        > lru temp_ttl 0
        OK
        > lru temp_ttl 30 noreply
        > lru temp_ttl -1
        OK
        > lru temp_ttl 5x
        ERROR
        > lru temp_ttl 99999999999
        OK
        > lru temp_ttl 18446744073709551616
        ERROR
        > lru mode segmented
        OK
        "#,
    );
}

/// With and without a maintainer of lists, and with short lives that have one from the start.
#[test]
fn settings_of_lists_are_told_as_by_memcached() {
    for option in ["lru_maintainer", "no_lru_maintainer", "temporary_ttl=30,hot_lru_pct=30"] {
        let tandem = Tandem::start_with(&[], |command| {
            command.env("TANDEM_MEMCACHED_EXTENDED", option);
        });
        let oracle = Oracle::start(Kind::Memcached, &["-o", option]).unwrap();
        let [ours, theirs] = [tandem.memcached_port, oracle.port].map(told_of_lists);
        assert_eq!(ours, theirs, "-o {option}");
    }
}

/// Answers to `lru`, each with the settings of lists behind it.
fn told_of_lists(port: u16) -> Vec<String> {
    let mut client = Client::connect(port);
    let mut told = Vec::new();
    for line in LRU_LINES {
        told.push(format!("{line}: {}", client.line(line)));
        client.send(b"stats settings\r\n");
        let settings = client.until(b"END\r\n").expect("an answer");
        let settings = String::from_utf8_lossy(&settings).into_owned();
        let is_of_lists =
            |it: &&str| ["lru_", "_factor", "temp"].iter().any(|part| it.contains(part));
        told.extend(settings.lines().filter(is_of_lists).map(str::to_owned));
    }
    told
}

const LRU_LINES: &[&str] = &[
    "lru mode flat",
    "lru temp_ttl 0",
    "lru temp_ttl -1",
    "lru temp_ttl 4294967295",
    "lru temp_ttl 99999999999",
    "lru temp_ttl 2147483648",
    "lru temp_ttl -2147483649",
    "lru tune 10 25 0.1 1e1",
    "lru tune 0 0 1.005 2",
    "lru mode segmented",
];

/// As a memcached answers that was told to have no slabs to move.
#[test]
fn what_has_no_meaning_here_is_not_granted() {
    check_here(
        r#"
        > slabs reassign 1 2
        CLIENT_ERROR slab reassignment disabled
        > slabs reassign x 1
        CLIENT_ERROR slab reassignment disabled
        > slabs automove 1
        CLIENT_ERROR slab reassignment disabled
        > slabs automove window 10
        CLIENT_ERROR slab reassignment disabled
        > slabs automove ratio 0.8
        CLIENT_ERROR slab reassignment disabled
        > slabs automove freeratio 0.1
        CLIENT_ERROR slab reassignment disabled
        "#,
    );
}

#[test]
fn slabs_are_asked_for_in_the_right_words() {
    check(
        r#"
        > slabs
        ERROR
        > slabs bogus
        ERROR
        > slabs reassign
        ERROR
        > slabs reassign 1
        ERROR
        > slabs reassign 1 2 noreply
        ERROR
        > slabs automove
        ERROR
        > slabs automove 0
        OK
        > slabs automove 0 noreply
        > slabs automove 3
        ERROR
        > slabs automove -1
        CLIENT_ERROR bad command line format
        > slabs automove x
        CLIENT_ERROR bad command line format
        > slabs automove ratio
        ERROR
        > slabs automove ratio x
        ERROR
        > slabs automove window x
        CLIENT_ERROR bad command line format
        "#,
    );
}
