//! Generated commands on places.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Maps of a few places. No two members are ever at the same one: which of them came first in an
/// answer would be a matter of chance.
pub const GEO: Family = Family {
    templates: &[TEMPLATES, SEARCHES],
    keys: &[KEYS, TARGETS],
    words,
    contents: &["ZRANGE key 0 -1 WITHSCORES", "OBJECT ENCODING key"],
};

const TEMPLATES: &[&str] = &[
    "GEOADD g (placed)+",
    "GEOADD g (placed)+",
    "GEOADD g placed placed placed placed placed",
    "GEOADD g add-word (placed)+",
    "GEOADD g add-word add-word placed",
    "GEOADD g bad-longitude latitude place",
    "GEOADD any-key placed",
    "GEODIST g place place",
    "GEODIST g place place unit",
    "GEODIST any-key place place unit",
    "GEOHASH g (place)+",
    "GEOHASH any-key place",
    "GEOPOS g (place)+",
    "GEOPOS any-key place",
    "ZREM g place",
    "ZRANGE g 0 -1 WITHSCORES",
    "TYPE any-key",
    "COMMAND GETKEYS GEORADIUS g longitude latitude radius unit STORE target",
    "COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER g place radius unit STOREDIST target",
];

const SEARCHES: &[&str] = &[
    "GEOSEARCH g FROMMEMBER place BYRADIUS radius unit",
    "GEOSEARCH g FROMMEMBER place BYRADIUS radius unit order",
    "GEOSEARCH g FROMMEMBER place BYBOX radius radius unit order WITHDIST",
    "GEOSEARCH g FROMLONLAT longitude latitude BYRADIUS radius unit",
    "GEOSEARCH g FROMLONLAT longitude latitude BYBOX radius radius unit",
    "GEOSEARCH g FROMLONLAT longitude latitude BYRADIUS radius unit order WITHCOORD",
    "GEOSEARCH g BYBOX radius radius unit WITHHASH WITHDIST FROMLONLAT longitude latitude order",
    "GEOSEARCH g FROMLONLAT longitude latitude BYRADIUS radius unit COUNT count",
    "GEOSEARCH g FROMLONLAT longitude latitude BYRADIUS radius unit COUNT count ANY",
    "GEOSEARCH g FROMMEMBER place BYRADIUS radius unit COUNT count order WITHDIST",
    "GEOSEARCH any-key FROMMEMBER place BYRADIUS radius unit",
    "GEOSEARCHSTORE target g FROMLONLAT longitude latitude BYRADIUS radius unit",
    "GEOSEARCHSTORE target g FROMMEMBER place BYBOX radius radius unit COUNT count",
    "GEOSEARCHSTORE g g FROMLONLAT longitude latitude BYRADIUS radius unit order",
    "GEOSEARCHSTORE any-key any-key FROMMEMBER place BYRADIUS radius unit",
    "GEORADIUS g longitude latitude radius unit",
    "GEORADIUS g longitude latitude radius unit WITHDIST WITHCOORD order",
    "GEORADIUS g longitude latitude radius unit STORE target",
    "GEORADIUS g longitude latitude radius unit COUNT count STORE g",
    "GEORADIUS_RO g longitude latitude radius unit order COUNT count",
    "GEORADIUS_RO g longitude latitude radius unit STORE target",
    "GEORADIUSBYMEMBER g place radius unit",
    "GEORADIUSBYMEMBER any-key place radius unit STORE target",
    "GEORADIUSBYMEMBER_RO g place radius unit WITHHASH order",
];

const KEYS: Pool = &[b"g1", b"g2"];
const TARGETS: Pool = &[b"to1", b"to2"];

const N_PLACES: usize = 24;

fn words(name: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match name {
        "g" => KEYS,
        "target" => TARGETS,
        "add-word" => &[b"NX", b"XX", b"CH", b"ch"],
        "order" => &[b"ASC", b"DESC", b"asc"],
        "unit" => &[b"m", b"km", b"KM", b"ft", b"mi", b"km", b"yard"],
        "count" => &[b"1", b"2", b"3", b"100", b"0", b"-1", b"x"],
        "radius" => {
            &[b"0", b"1", b"100", b"350.5", b"2000", b"5000", b"20000", b"1000000", b"-1", b"x"]
        }
        "longitude" => &[b"0", b"13.4", b"-77", b"179.9", b"-180", b"90.5", b"15.087269"],
        "latitude" => &[b"0", b"52.5", b"-36.5", b"84.9", b"-85", b"37.502669", b"0.001"],
        "bad-longitude" => &[b"180.1", b"-181", b"nan", b"x", b"1e3", b""],
        "place" => return Some(vec![name_of(random.below(N_PLACES))]),
        "placed" => {
            let nth = random.below(N_PLACES);
            let [longitude, latitude] = place_of(nth, random.below(2));
            return Some(vec![longitude, latitude, name_of(nth)]);
        }
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

fn name_of(nth: usize) -> Vec<u8> {
    format!("p{nth}").into_bytes()
}

/// One of two places that only this member has: near each other, near the edges or anywhere.
fn place_of(nth: usize, variant: usize) -> [Vec<u8>; 2] {
    let step = (2 * nth + variant) as f64;
    let (longitude, latitude) = match nth % 3 {
        0 => (13.4 + step * 0.017, 52.5 - step * 0.011),
        1 => (-180.0 + step * 7.3, 85.0 - step * 3.7),
        _ => (179.9 - step * 0.003, -0.2 + step * 0.009),
    };
    [longitude, latitude].map(|it| format!("{it:.6}").into_bytes())
}
