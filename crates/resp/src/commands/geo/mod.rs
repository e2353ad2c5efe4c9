//! Places: sorted sets whose scores are numbers of cells on the map.

mod grid;
mod search;
mod words;

use tandem_engine::{SortedSet, SortedSetRef};

use self::grid::Point;
use crate::args::{Args, Argv};
use crate::commands::sorted_set::add::{self, Presence, Words};
use crate::dispatch::Ctx;
use crate::double;
use crate::error::Error;
use crate::float::LongDouble;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::{Answer, Answered, Reply};
use crate::spec::{Flags, Spec, read, write};

const SEARCH_STORE_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, Access::REPLACE), KeySpec::new(Keys::SECOND, Access::READ)];

/// Words in front of GEORADIUS's options, its name included; one less in GEORADIUSBYMEMBER.
const RADIUS_WORDS: usize = 6;
const RADIUS_KEYS: Keys =
    Keys::Special { find: |argv, into| stored_keys(argv, into, RADIUS_WORDS) };
const RADIUS_SPECS: &[KeySpec] = &radius_specs(RADIUS_WORDS);
const BY_MEMBER_KEYS: Keys =
    Keys::Special { find: |argv, into| stored_keys(argv, into, RADIUS_WORDS - 1) };
const BY_MEMBER_SPECS: &[KeySpec] = &radius_specs(RADIUS_WORDS - 1);

const fn radius_specs(from: usize) -> [KeySpec; 3] {
    [
        KeySpec::new(Keys::FIRST, Access::READ),
        KeySpec::new(Keys::Behind { word: "STORE", from }, Access::REPLACE),
        KeySpec::new(Keys::Behind { word: "STOREDIST", from }, Access::REPLACE),
    ]
}

const GEOADD: &str = "key [NX | XX] [CH] <longitude:double latitude:double member> \
                      [<longitude:double latitude:double member> ...]";
const GEORADIUS: &str = "key longitude:double latitude:double radius:double <M | KM | FT | MI> \
                         [WITHCOORD] [WITHDIST] [WITHHASH] [<COUNT count [ANY]>] [ASC | DESC] \
                         [STORE storekey:key | STOREDIST storedistkey:key]";
const GEORADIUS_RO: &str = "key longitude:double latitude:double radius:double <M | KM | FT | MI> \
                            [WITHCOORD] [WITHDIST] [WITHHASH] [<COUNT count [ANY]>] [ASC | DESC]";
const BY_MEMBER: &str = "key member radius:double <M | KM | FT | MI> [WITHCOORD] [WITHDIST] \
                         [WITHHASH] [<COUNT count [ANY]>] [ASC | DESC] \
                         [STORE storekey:key | STOREDIST storedistkey:key]";
const BY_MEMBER_RO: &str = "key member radius:double <M | KM | FT | MI> [WITHCOORD] [WITHDIST] \
                            [WITHHASH] [<COUNT count [ANY]>] [ASC | DESC]";
const GEOSEARCH: &str = "key <FROMMEMBER member | FROMLONLAT <longitude:double latitude:double>> \
                         <<BYRADIUS radius:double <M | KM | FT | MI>> | <BYBOX width:double \
                         height:double <M | KM | FT | MI>>> [ASC | DESC] [<COUNT count [ANY]>] \
                         [WITHCOORD] [WITHDIST] [WITHHASH]";
const GEOSEARCHSTORE: &str = "destination:key source:key <FROMMEMBER member | FROMLONLAT \
                              <longitude:double latitude:double>> <<BYRADIUS radius:double \
                              <M | KM | FT | MI>> | <BYBOX width:double height:double \
                              <M | KM | FT | MI>>> [ASC | DESC] [<COUNT count [ANY]>] [STOREDIST]";

const NEAR: &str = "O(N+log(M)), N in the box around the shape, M in the set";

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("geoadd", GEOADD, Keys::FIRST, geoadd)
        .denyoom().access(Access::CHANGE)
        .event("zadd").doc("3.2.0", "O(log(N)) for each member", "Gives members their places."),
    read("geodist", "key member1 member2 [M | KM | FT | MI]", Keys::FIRST, geodist)
        .doc("3.2.0", "O(1)", "Tells how far apart two members are."),
    read("geohash", "key [member [member ...]]", Keys::FIRST, geohash)
        .doc("3.2.0", "O(1) for each member", "Tells the places of members as geohashes."),
    read("geopos", "key [member [member ...]]", Keys::FIRST, geopos)
        .doc("3.2.0", "O(1) for each member", "Tells the places of members."),
    write("georadius", GEORADIUS, RADIUS_KEYS, search::georadius)
        .denyoom().flags(&[Flags::MOVABLEKEYS]).keyed(RADIUS_SPECS)
        .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
        .event("georadiusstore")
        .doc("3.2.0", NEAR, "Lists or stores the members in a circle around a place."),
    read("georadius_ro", GEORADIUS_RO, Keys::FIRST, search::georadius_ro)
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")
        .doc("3.2.10", NEAR, "Lists the members in a circle around a place."),
    write("georadiusbymember", BY_MEMBER, BY_MEMBER_KEYS, search::georadiusbymember)
        .denyoom().flags(&[Flags::MOVABLEKEYS]).keyed(BY_MEMBER_SPECS)
        .deprecated("6.2.0",
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
        .event("georadiusstore")
        .doc("3.2.0", NEAR, "Lists or stores the members in a circle around one."),
    read("georadiusbymember_ro", BY_MEMBER_RO, Keys::FIRST, search::georadiusbymember_ro)
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
        .doc("3.2.10", NEAR, "Lists the members in a circle around one."),
    read("geosearch", GEOSEARCH, Keys::FIRST, search::geosearch)
        .doc("6.2.0", NEAR, "Lists the members in a circle or a box."),
    write("geosearchstore", GEOSEARCHSTORE, Keys::BOTH, search::geosearchstore)
        .denyoom().keyed(SEARCH_STORE_KEYS)
        .doc("6.2.0", NEAR, "Stores the members in a circle or a box."),
];

/// The key to search, and all that follow STORE or STOREDIST where the options are.
fn stored_keys(argv: Argv<'_>, into: &mut Vec<usize>, from: usize) -> Result<(), Error> {
    into.push(1);
    let mut at = from;
    while at + 1 < argv.len() {
        let is = |word: &[u8]| argv.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let stores = is(b"STORE") || is(b"STOREDIST");
        if stores {
            into.push(at + 1);
        }
        at += if stores || is(b"COUNT") { 2 } else { 1 };
    }
    Ok(())
}

/// `key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]`: ZADD with other
/// scores.
fn geoadd(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (mut new, mut old, mut counts_changes) = (false, false, false);
    loop {
        let seen = if cx.args.flag("NX") {
            &mut new
        } else if cx.args.flag("XX") {
            &mut old
        } else if cx.args.flag("CH") {
            &mut counts_changes
        } else {
            break;
        };
        *seen = true;
    }
    if cx.args.is_done() || !cx.args.len().is_multiple_of(3) || (new && old) {
        return Err(Error::Syntax);
    }
    let mut scored = add::Scored::new();
    while !cx.args.is_done() {
        let place = place(&mut cx.args)?;
        scored.push((place.score(), cx.args.next()?));
    }
    let present = if new { Some(Presence::New) } else { old.then_some(Presence::Old) };
    let words = Words { present, towards: None, counts_changes, adds_up: false };
    add::add(cx, key, &words, &scored)
}

/// A longitude and a latitude.
fn place(args: &mut Args<'_>) -> Result<Point, Error> {
    let mut degrees = || double::parse(args.next()?).ok_or(Error::NotAFloat);
    let place = Point { longitude: degrees()?, latitude: degrees()? };
    if place.is_on_the_map() {
        return Ok(place);
    }
    let Point { longitude, latitude } = place;
    let text = format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}");
    Err(Error::said(text))
}

/// A unit of length, in meters.
fn unit(args: &mut Args<'_>) -> Result<f64, Error> {
    const UNITS: [(&str, f64); 4] = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];
    let word = args.next()?;
    let found = UNITS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    found
        .map(|(_, meters)| *meters)
        .ok_or_else(|| Error::said("ERR unsupported unit provided. please use M, KM, FT, MI"))
}

fn place_of(set: SortedSetRef<'_>, member: &[u8]) -> Option<Point> {
    set.score(member).map(Point::of_score)
}

fn geodist(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (one, other) = (cx.args.next()?, cx.args.next()?);
    let unit = match cx.args.len() {
        0 => 1.0,
        1 => unit(&mut cx.args)?,
        _ => return Err(Error::Syntax),
    };
    let set = cx.db.get::<SortedSet>(key)?;
    let place = |member| set.and_then(|it| place_of(it, member));
    Ok(match (place(one), place(other)) {
        (Some(one), Some(other)) => put_distance(&mut cx.reply, one.meters_to(other) / unit),
        _ => cx.reply.null(),
    })
}

fn geohash(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    Ok(cx.reply.array(cx.args.rest().iter(), |reply, member| {
        let letters = set.and_then(|it| place_of(it, member)).map(Point::letters);
        reply.bulk_or_null(letters.as_ref().map(|it| &it[..]))
    }))
}

fn geopos(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    Ok(cx.reply.array(cx.args.rest().iter(), |reply, member| {
        match set.and_then(|it| place_of(it, member)) {
            Some(place) => put_place(reply, place),
            None => reply.null_array(),
        }
    }))
}

fn put_place(reply: &mut Reply<'_>, place: Point) -> Answered {
    reply.array([place.longitude, place.latitude].into_iter(), |reply, degrees| {
        reply.double(&LongDouble::from(degrees).to_string())
    })
}

/// Four places behind the point.
fn put_distance(reply: &mut Reply<'_>, distance: f64) -> Answered {
    let scaled = (distance * 1e4).round_ties_even() as i64;
    reply.text(&format!("{}.{:04}", scaled / 10_000, scaled % 10_000))
}
