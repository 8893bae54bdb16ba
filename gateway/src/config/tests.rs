//! The default is a configuration, and each kind of mistake is named by its place.

use super::*;
use crate::log::CallerData;

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::of_text("c.toml", text, Path::new(""), &Overrides::default())
}

fn check(text: &str, place: &str, what: &str) {
    let error = load(text).err().unwrap();
    assert!(
        error.0.iter().any(|mistake| mistake.place == place),
        "{error}"
    );
    assert!(error.to_string().contains(what), "{error}");
}

#[test]
fn the_default_says_what_leaving_all_out_means() {
    let (printed, empty) = (load(DEFAULT).unwrap(), load("").unwrap());
    assert_eq!(printed.data, empty.data);
    assert_eq!(printed.capacities, empty.capacities);
    assert_eq!(printed.lanes, empty.lanes);
    assert_eq!(printed.shape, empty.shape);
    assert_eq!(printed.keeping, empty.keeping);
    assert_eq!(empty.keeping, engine::runtime::keeper::Keeping::default());
    assert_eq!(printed.http_listen, empty.http_listen);
    assert_eq!(printed.http_connections_max, empty.http_connections_max);
    assert_eq!(format!("{:?}", printed.quic), format!("{:?}", empty.quic));
    assert_eq!(printed.worker_requests_max, empty.worker_requests_max);
    assert_eq!(printed.city, empty.city);
    assert_eq!(printed.log, empty.log);
    assert_eq!(
        (printed.default_line, printed.clock),
        (empty.default_line, ClockMode::Wall)
    );
    assert_eq!(printed.quic.listen.port(), 4433);
    assert_eq!(printed.http_listen.port(), 8110);
}

#[test]
fn each_mistake_has_its_place() {
    check("[quic]\nlisten = 7", "c.toml:2: quic.listen", "string");
    check("[quick]", "c.toml:1: quick", "quick");
    check("[centre\n", "c.toml:1", "");
    check(
        "[quic]\nlisten = \"0.0.0.0:4433\"",
        "c.toml:2: quic.listen",
        "loopback",
    );
    check(
        "\n[http]\nlisten = \"here\"",
        "c.toml:3: http.listen",
        "127.0.0.1:4433",
    );
    check(
        "[carrier]\ndefault_line = 555",
        "c.toml:2: carrier.default_line",
        "no line of the plan",
    );
    check(
        "[plan]\nfile = \"/nowhere/plan.toml\"",
        "c.toml:2: plan.file",
        "/nowhere/plan.toml",
    );
    check(
        "[lexicon]\nfile = \"/nowhere/l.toml\"",
        "c.toml:2: lexicon.file",
        "/nowhere/l.toml",
    );
    check(
        "[city]\nfolder = \"/nowhere\"",
        "c.toml:2: city.folder",
        "posts.csv",
    );
    check(
        "[quic]\nconnections_max = 0",
        "c.toml:2: quic.connections_max",
        "from 1 to",
    );
    check("[lanes]\nlife = 1", "c.toml:2: lanes.life", "from 64");
    check(
        "[journal]\nsegment_mib = 1",
        "c.toml:2: journal.segment_mib",
        "from 8",
    );
    check(
        "[capacity]\nunits_max = 10",
        "c.toml: capacity.units_max",
        "no room",
    );
    check(
        "[capacity]\ncalls_max = 1",
        "c.toml: capacity.calls_max",
        "at least 64",
    );
}

#[test]
fn the_log_is_checked_like_the_rest() {
    check("[log]\nformat = \"xml\"", "c.toml:2: log.format", "xml");
    check(
        "[log]\ncaller_data = \"some\"",
        "c.toml:2: log.caller_data",
        "some",
    );
    check(
        "[log]\nlevel = \"a=b=c\"",
        "c.toml:2: log.level",
        "info,quinn=warn",
    );
    assert_eq!(load("").unwrap().log.caller_data, CallerData::Masked);
}

#[test]
fn all_mistakes_come_at_once() {
    let error = load("[quic]\nlisten = \"x\"\n[http]\nlisten = \"y\"")
        .err()
        .unwrap();
    assert_eq!(error.0.len(), 2, "{error}");
}

/// One wrong type must not hide the next one, nor an address that is of the right type and still no good.
#[test]
fn what_does_not_fit_hides_nothing_behind_it() {
    let text = "shape = 3\n[quic]\nlisten = 7\nlistens = 1\nconnections_max = -1\n[quick]\nx = 1\n\
        [http]\nlisten = \"here\"\nconnections_max = \"many\"\n[centre]\nclock = \"sundial\"\n[city]\nseed = []\n\
        [lanes]\nlife = { a = 1 }\n[journal]\nsegment_mib = 1\n[centre.data]\nx = 1\n";
    let error = load(text).err().unwrap();
    let mut places: Vec<&str> = error
        .0
        .iter()
        .map(|mistake| mistake.place.as_str())
        .collect();
    places.sort_unstable();
    let expected = [
        "c.toml:10: http.connections_max",
        "c.toml:12: centre.clock",
        "c.toml:14: city.seed",
        "c.toml:16: lanes.life",
        "c.toml:18: journal.segment_mib",
        "c.toml:19: centre.data",
        "c.toml:1: shape",
        "c.toml:3: quic.listen",
        "c.toml:4: quic.listens",
        "c.toml:5: quic.connections_max",
        "c.toml:6: quick",
        "c.toml:9: http.listen",
    ];
    assert_eq!(places, expected, "{error}");
    let two = load("[quic\nlisten = 'a'\n[http]\nlisten = \n")
        .err()
        .unwrap();
    let both: Vec<&str> = two.0.iter().map(|mistake| mistake.place.as_str()).collect();
    assert!(
        both.contains(&"c.toml:1") && both.contains(&"c.toml:4"),
        "{two}"
    );
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        data: Some("elsewhere".into()),
        clock: Some(ClockMode::Driven),
        log_format: Some(LogFormat::Json),
    };
    let config =
        Config::of_text("c.toml", DEFAULT, Path::new("/etc/liandong"), &overrides).unwrap();
    assert_eq!(config.data, Path::new("elsewhere"));
    assert_eq!(config.clock, ClockMode::Driven);
    assert_eq!(config.log.format, LogFormat::Json);
    let own = Config::of_text(
        "c.toml",
        "",
        Path::new("/etc/liandong"),
        &Overrides::default(),
    );
    assert_eq!(own.unwrap().data, Path::new("/etc/liandong/liandong-data"));
}
