//! Transcripts of the geo family.

use super::check;

#[test]
fn places_are_added_and_told() {
    check(
        r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        2
        > GEOADD Sicily NX CH 13.361389 38.115556 Palermo 13.5 38.2 New
        1
        > GEOADD Sicily XX 1 1 nosuch
        0
        > GEOADD Sicily XX CH 13.6 38.3 New
        1
        > GEOADD Sicily NX XX 1 1 a
        !ERR syntax error
        > GEOADD Sicily 181 1 a
        !ERR invalid longitude,latitude pair 181.000000,1.000000
        > GEOADD Sicily 1 -86 a
        !ERR invalid longitude,latitude pair 1.000000,-86.000000
        > GEOADD Sicily x 86 a
        !ERR value is not a valid float
        > GEOADD Sicily nan 1 a
        !ERR value is not a valid float
        > GEOADD Sicily 1 1
        !ERR wrong number of arguments for 'geoadd' command
        > GEOADD Sicily 1 1 a 2
        !ERR syntax error
        > GEOADD Sicily GT 1 1 a
        !ERR syntax error
        "#,
    );
}

#[test]
fn places_are_told_in_many_ways() {
    check(
        r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        2
        > GEOADD Sicily 180 85.05112878 edge -180 -85.05112878 corner
        2
        > TYPE Sicily
        zset
        > ZSCORE Sicily Palermo
        "3479099956230698"
        > GEOPOS Sicily Palermo nosuch edge corner
        [["13.36138933897018433" "38.11555639549629859"] (nil array) ["180" "85.0511287799999991"]
        |  ["-179.99999731779098511" "-85.05112751263942528"]]
        > GEOPOS nosuch a b
        [(nil array) (nil array)]
        > GEOPOS Sicily
        []
        > GEOHASH Sicily Palermo Catania nosuch
        ["sqc8b49rny0" "sqdtr74hyu0" (nil)]
        > GEOHASH nosuch a
        [(nil)]
        > GEODIST Sicily Palermo Catania
        "166274.1516"
        > GEODIST Sicily Palermo Catania km
        "166.2742"
        > GEODIST Sicily Palermo Catania mi
        "103.3182"
        > GEODIST Sicily Palermo Catania FT
        "545518.8700"
        > GEODIST Sicily Palermo Palermo
        "0.0000"
        > GEODIST Sicily Palermo nosuch
        (nil)
        > GEODIST nosuch a b
        (nil)
        > GEODIST nosuch a b yards
        !ERR unsupported unit provided. please use M, KM, FT, MI
        > GEODIST Sicily Palermo Catania km x
        !ERR syntax error
        > HELLO 3
        …
        > GEOPOS Sicily Palermo nosuch
        [[(double) 13.36138933897018433 (double) 38.11555639549629859] (null)]
        > GEOHASH Sicily nosuch
        [(null)]
        > GEODIST Sicily Palermo Catania
        "166274.1516"
        > GEODIST Sicily Palermo nosuch
        (null)
        "#,
    );
}

#[test]
fn scores_that_no_place_has_are_places_all_the_same() {
    check(
        r#"
        > ZADD z 1 a -5 b 1e300 c 0.5 d inf e 4503599627370496 f
        6
        > GEOPOS z a b c d e f
        [["-179.99999731779098511" "-85.05112497791824921"] ["180" "85.0511287799999991"]
        |  ["-179.99999731779098511" "-85.05112751263942528"] ["-179.99999731779098511"
        |  "-85.05112751263942528"] ["-179.99999731779098511" "-85.05112751263942528"]
        |  ["-179.99999731779098511" "85.0511287799999991"]]
        > GEOHASH z a b c d e f
        ["00bh0hbj210" "bp05b5048p0" "00bh0hbj200" "00bh0hbj200" "00bh0hbj200" "bp05b5048p0"]
        > GEODIST z a b
        "18919844.3072"
        > GEOSEARCH z FROMLONLAT 0 0 BYRADIUS 20000 km
        ["d" "a"]
        > GEOSEARCH z FROMLONLAT 0 0 BYBOX 100000 100000 km WITHHASH
        [["d" 0] ["a" 1]]
        "#,
    );
}

#[test]
fn a_search_finds_what_lies_in_a_circle_or_a_box() {
    check(
        r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 13.5 38.2 New
        3
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC
        ["Catania" "New" "Palermo"]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 100 km
        ["Catania"]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
        [["Catania" "56.4413" 3479447370796909 ["15.08726745843887329" "37.50266842333162032"]]
        |  ["New" "187.8442" 3479101704338477 ["13.50000053644180298" "38.2000006309196749"]]
        |  ["Palermo" "190.4424" 3479099956230698 ["13.36138933897018433" "38.11555639549629859"]]]
        > GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 200 km DESC COUNT 1 WITHDIST
        [["Catania" "166.2742"]]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 500 km DESC COUNT 2 WITHHASH
        [["Palermo" 3479099956230698] ["New" 3479101704338477]]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1
        ["Catania"]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY
        ["Palermo"]
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 0 m
        []
        > GEOSEARCH nosuch FROMMEMBER nosuch BYRADIUS 200 km
        []
        > GEOSEARCH Sicily FROMMEMBER nosuch BYRADIUS 200 km
        !ERR could not decode requested zset member
        > HELLO 3
        …
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHDIST WITHHASH
        [["Catania" "56.4413" 3479447370796909 [(double) 15.08726745843887329 (double)
        |  37.50266842333162032]]]
        "#,
    );
}

#[test]
fn a_search_ends_at_the_edges_of_the_map() {
    check(
        r#"
        > GEOADD w -179.9 0 a 179.9 0 b 0 0 c 0 80 d 0 -80 e 90 0 f
        6
        > GEOSEARCH w FROMLONLAT 180 0 BYRADIUS 100 km WITHDIST
        [["b" "11.1227"]]
        > GEOSEARCH w FROMLONLAT 0 85 BYRADIUS 1000 km ASC WITHDIST
        [["d" "556.1314"]]
        > GEOSEARCH w FROMLONLAT 10 1 BYRADIUS 100000 km ASC WITHDIST
        [["c" "1117.7539"] ["d" "8803.9975"] ["f" "8898.2754"] ["e" "9026.3459"] ["b" "18891.9123"]
        |  ["a" "18914.0462"]]
        > GEOSEARCH w FROMLONLAT 180 0 BYBOX 1000 1000 km ASC WITHDIST
        [["b" "11.1227"]]
        > GEOSEARCH w FROMLONLAT 0 89 BYRADIUS 1000 km
        !ERR invalid longitude,latitude pair 0.000000,89.000000
        "#,
    );
}

#[test]
fn what_a_search_refuses() {
    check(
        r#"
        > GEOADD g 1 1 a
        1
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0
        !ERR COUNT must be > 0
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT x
        !ERR value is not an integer or out of range
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY
        !ERR the ANY argument requires COUNT argument
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km
        !ERR radius cannot be negative
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km
        !ERR need numeric radius
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 yard
        !ERR unsupported unit provided. please use M, KM, FT, MI
        > GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km
        !ERR height or width cannot be negative
        > GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km
        !ERR need numeric width
        > GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km
        !ERR need numeric height
        > GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER a BYRADIUS 1 km
        !ERR syntax error
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km
        !ERR syntax error
        > GEOSEARCH g FROMLONLAT 15 37 ASC DESC WITHDIST
        !ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
        > GEOSEARCH g BYRADIUS 1 km ASC DESC WITHDIST
        !ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km STORE x
        !ERR syntax error
        > GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST
        !ERR syntax error
        > GEOSEARCHSTORE to g FROMLONLAT 15 37 BYRADIUS 500 km WITHDIST
        !ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        > GEORADIUS g 15 37 200 km STORE to WITHDIST
        !ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD
        |  options
        > GEORADIUS g 15 37 200 km STORE
        !ERR syntax error
        > GEORADIUS_RO g 15 37 200 km STORE to
        !ERR syntax error
        > GEORADIUS g 15 137 200 km
        !ERR invalid longitude,latitude pair 15.000000,137.000000
        > GEORADIUS g 15 37 200 yard
        !ERR unsupported unit provided. please use M, KM, FT, MI
        > GEORADIUS g 15 37 200 km NONSENSE
        !ERR syntax error
        > GEORADIUSBYMEMBER g nosuch 200 km
        !ERR could not decode requested zset member
        > GEORADIUSBYMEMBER nosuch a 200 yard
        []
        "#,
    );
}

#[test]
fn a_string_is_no_map() {
    check(
        r#"
        > SET string x
        OK
        > GEOADD string 1 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GEODIST string a b
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GEOHASH string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GEOPOS string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GEOSEARCH string FROMLONLAT 15 37 NONSENSE 1 m
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GEORADIUS string 15 37 1 km
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn searches_are_stored() {
    check(
        r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        2
        > SET to x
        OK
        > GEOSEARCHSTORE to Sicily FROMLONLAT 15 37 BYRADIUS 500 km
        2
        > ZRANGE to 0 -1 WITHSCORES
        ["Palermo" "3479099956230698" "Catania" "3479447370796909"]
        > GEOSEARCHSTORE to Sicily FROMLONLAT 15 37 BYBOX 500 500 km STOREDIST COUNT 1
        1
        > ZRANGE to 0 -1 WITHSCORES
        ["Catania" "56.4412578701582"]
        > GEOSEARCHSTORE to nosuch FROMLONLAT 15 37 BYRADIUS 500 km
        0
        > EXISTS to
        0
        > GEORADIUS Sicily 15 37 200 km WITHDIST WITHCOORD ASC
        [["Catania" "56.4413" ["15.08726745843887329" "37.50266842333162032"]] ["Palermo"
        |  "190.4424" ["13.36138933897018433" "38.11555639549629859"]]]
        > GEORADIUS_RO Sicily 15 37 100 km
        ["Catania"]
        > GEORADIUSBYMEMBER Sicily Palermo 200 km
        ["Palermo" "Catania"]
        > GEORADIUSBYMEMBER_RO Sicily Palermo 200 km WITHHASH
        [["Palermo" 3479099956230698] ["Catania" 3479447370796909]]
        > GEORADIUS Sicily 15 37 200 km STOREDIST to COUNT 1
        1
        > ZRANGE to 0 -1 WITHSCORES
        ["Catania" "56.4412578701582"]
        > GEORADIUS Sicily 15 37 200 km STORE first STOREDIST to
        2
        > EXISTS first to
        1
        > GEORADIUSBYMEMBER Sicily Palermo 200 km STORE to
        2
        > OBJECT ENCODING to
        "listpack"
        > GEORADIUS nosuch 15 37 200 km STORE to
        0
        > EXISTS to
        0
        > COMMAND GETKEYS GEORADIUS a 1 1 1 km STORE b
        ["a" "b"]
        > COMMAND GETKEYS GEORADIUS a 1 1 1 km STORE b STOREDIST c
        ["a" "b" "c"]
        > COMMAND GETKEYS GEORADIUS a 1 1 1 km STORE
        ["a"]
        > COMMAND GETKEYSANDFLAGS GEORADIUS a 1 1 1 km STORE b
        [["a" [RO access]] ["b" [OW update]]]
        > COMMAND GETKEYS GEORADIUSBYMEMBER a m 1 km STORE STORE
        ["a" "STORE"]
        "#,
    );
}
