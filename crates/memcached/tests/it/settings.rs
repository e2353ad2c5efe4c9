//! What the command line's letters change.

use std::sync::atomic::Ordering::SeqCst;

use crate::harness::Talk;

#[test]
fn letters_switch_commands_off() {
    let mut talk = Talk::with("-C -F -X");
    talk.check(
        "
        > set a 0 0 1
        > x
        STORED
        > gets a
        VALUE a 0 1 0
        x
        END
        > cas a 0 0 1 0
        > y
        EXISTS
        > cas b 0 0 1 0
        > y
        NOT_FOUND
        > flush_all
        CLIENT_ERROR flush_all not allowed
        > flush_all x
        CLIENT_ERROR flush_all not allowed
        > stats detail on
        CLIENT_ERROR stats detail not allowed
        > stats cachedump 1 0
        CLIENT_ERROR stats cachedump not allowed
        ",
    );
}

#[test]
fn shutdown_works_only_where_it_is_enabled() {
    let mut talk = Talk::with("-A");
    assert_eq!(talk.say("shutdown now"), "CLIENT_ERROR invalid shutdown mode\r\n");
    assert_eq!(talk.host.n_shutdowns.load(SeqCst), 0);
    assert_eq!(talk.say("shutdown graceful"), "");
    assert!(talk.is_closed());
    assert_eq!(talk.host.n_shutdowns.load(SeqCst), 1);
}

#[test]
fn the_prefix_delimiter_turns_detail_on() {
    let mut talk = Talk::with("-D .");
    talk.check(
        "
        > set a.b 0 0 1
        > x
        STORED
        > get a.b a.c a:d
        VALUE a.b 0 1
        x
        END
        > delete a.b
        DELETED
        > get .x
        END
        > stats detail dump
        PREFIX  get 1 hit 0 set 0 del 0
        PREFIX a get 2 hit 1 set 1 del 1
        END
        > stats detail off
        OK
        > get a.b
        END
        > stats reset
        RESET
        > stats detail dump
        END
        > stats detail
        CLIENT_ERROR usage: stats detail on|off|dump
        ",
    );
}

/// The host knows of TLS; what it says is told, and a refusal to those who want no answer, too.
#[test]
fn certificates_are_loaded_again_by_the_host() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("refresh_certs"), "OK\r\n");
    assert_eq!(talk.say("refresh_certs noreply"), "");
    assert_eq!(talk.host.n_refreshes.load(SeqCst), 2);
    *talk.host.no_certs.lock() = Some("TLS not enabled".to_owned());
    talk.check(
        "
        > refresh_certs noreply
        Error TLS not enabled
        > refresh_certs x
        Error TLS not enabled
        > refresh_cert
        ERROR
        ",
    );
    assert_eq!(talk.host.n_refreshes.load(SeqCst), 4);
}
