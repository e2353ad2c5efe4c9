use super::*;
use crate::clients::{Clients, ConnectionInfo};

fn watcher(clients: &Clients, classes: u32) -> Watcher {
    let handle = clients.open(ConnectionInfo::default());
    Watcher { handle, classes, lines: Vec::new(), n_skipped: 0 }
}

fn fetched(hub: &Hub, id: u64) -> String {
    let mut out = Output::default();
    hub.fetch(id, &mut out);
    String::from_utf8(out.slices().flatten().copied().collect()).unwrap()
}

#[test]
fn a_watcher_hears_of_its_classes_with_one_numbering() {
    let (clients, hub) = (Clients::default(), Hub::default());
    for classes in [FETCHERS, MUTATIONS | FETCHERS] {
        assert_eq!(hub.join(watcher(&clients, classes), 7_000, 1_000_000), Joined::Done);
    }
    assert!(hub.hears(MUTATIONS) && !hub.hears(EVICTIONS));
    hub.tell(FETCHERS, 1_045_000, |line| line.extend_from_slice(b"a"));
    hub.tell(MUTATIONS, 2_500_000_000, |line| line.extend_from_slice(b"b"));
    assert_eq!(fetched(&hub, 1), "ts=7.45 gid=1 a\n");
    assert_eq!(fetched(&hub, 2), "ts=7.45 gid=1 a\nts=9.499000 gid=2 b\n");
    assert_eq!(fetched(&hub, 2), "");
    hub.leave(2);
    assert!(hub.hears(FETCHERS) && !hub.hears(MUTATIONS));
}

#[test]
fn there_is_a_largest_number_of_watchers() {
    let (clients, hub) = (Clients::default(), Hub::default());
    for _ in 0..WATCHERS_MAX {
        assert_eq!(hub.join(watcher(&clients, FETCHERS), 0, 0), Joined::Done);
    }
    assert_eq!(hub.join(watcher(&clients, FETCHERS), 0, 0), Joined::TooMany);
    hub.leave(1);
    assert_eq!(hub.join(watcher(&clients, FETCHERS), 0, 0), Joined::Done);
}

#[test]
fn a_full_buffer_loses_lines_and_says_how_many() {
    let (clients, hub) = (Clients::default(), Hub::default());
    let slow = watcher(&clients, FETCHERS);
    let handle = Arc::clone(&slow.handle);
    hub.join(slow, 0, 0);
    hub.join(watcher(&clients, FETCHERS), 0, 0);
    let n_events = 2 * BUFFER_BYTES_MAX as u64 / 100;
    for _ in 0..n_events {
        hub.tell(FETCHERS, 0, |line| line.resize(100, b'x'));
        assert!(handle.has_news());
        fetched(&hub, 2);
    }
    let lines = fetched(&hub, 1);
    assert!(!handle.has_news() && lines.len() <= BUFFER_BYTES_MAX);
    let n_sent = lines.lines().count() as u64;
    let n_lost = n_events - n_sent;
    assert!(n_lost > 0 && !lines.contains("skipped"));
    hub.tell(FETCHERS, 0, |line| line.extend_from_slice(b"next"));
    let expected = format!("skipped={n_lost}\nts=0.0 gid={} next\n", n_events + 1);
    assert_eq!(fetched(&hub, 1), expected);
    hub.tell(FETCHERS, 0, |line| line.extend_from_slice(b"later"));
    assert!(fetched(&hub, 1).starts_with("ts="), "it is told once");
    let Counts { written, skipped, sent } = hub.counts();
    assert_eq!((written, skipped), (n_events + 2, n_lost));
    assert_eq!(written * 2, skipped + sent);
}
