//! Transcripts of what is refused, and of the version's own words.

use super::{check, check_here};

#[test]
fn bad_lines_are_errors() {
    check(
        r#"
        > bogus
        ERROR
        > GET k
        ERROR
        > set k 0 0 1 bogus
        > x
        STORED
        > get k
        VALUE k 0 1
        x
        END
        "#,
    );
}

#[test]
fn version_verbosity_and_quit() {
    check(
        r#"
        > verbosity 1
        OK
        > verbosity 0
        OK
        > verbosity 1 noreply
        > quit
        (closed)
        "#,
    );
}

#[test]
fn certificates_are_not_loaded_where_there_is_no_tls() {
    check(
        r#"
        > refresh_certs
        Error TLS not enabled
        > refresh_certs noreply
        Error TLS not enabled
        > refresh_certs a b
        Error TLS not enabled
        > refresh_cert
        ERROR
        "#,
    );
}

#[test]
fn the_words_are_those_of_this_version() {
    check_here(
        r#"
        > version
        VERSION 1.6.45
        > get
        CLIENT_ERROR bad command line format
        >
        CLIENT_ERROR bad command line format
        >> set <k*251> 0 0 1\r\nx\r\n
        CLIENT_ERROR bad command line format
        > set k 0 0 1
        > x
        STORED
        > delete k 5
        DELETED
        > verbosity
        CLIENT_ERROR bad command line format
        > shutdown
        SERVER_ERROR: shutdown not enabled
        > add k 0 0 z noreply
        CLIENT_ERROR bad command line format
        "#,
    );
}
