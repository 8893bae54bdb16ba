//! The page as far as a test without a browser can see it: its files, its headers, its words, and what it must never say.
//!
//! What it does in a browser against a real centre is shown by `tests/browser`.

use super::*;
use engine::call::Outcome;
use engine::capability::Capability;
use engine::event::{Choice, LedgerMatter, Refusal};
use engine::incident::{CloseReason, NeedState, Shortage};
use engine::kind::{Agency, Category, Kind, Nature, Priority};
use engine::major::{IncidentClock, Level, LevelCause, UpwardField, UpwardStage};
use engine::order::{OrderClock, OrderState, Rung};
use engine::place::datum::Datum;
use engine::unit::Duty;
use engine::view::{HumanReason, UnitStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/console")
}

fn text(name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
    std::str::from_utf8(asset.body).unwrap()
}

/// The page's own modules with their names.
fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let names = ASSETS.iter().map(|asset| asset.name);
    names
        .filter(|name| name.ends_with(".js"))
        .map(|name| (name, text(name)))
}

fn header_of(response: &Response, name: header::HeaderName) -> &str {
    response.headers()[name].to_str().unwrap()
}

#[test]
fn every_file_of_the_page_is_embedded() {
    let entries = std::fs::read_dir(folder()).unwrap();
    let there: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".rs"))
        .collect();
    let embedded: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
    assert_eq!(
        embedded, there,
        "the list in console.rs and the folder differ"
    );
}

#[test]
fn the_page_comes_with_its_policy_and_is_not_sent_twice() {
    let first = serve(INDEX, &HeaderMap::new());
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(
        header_of(&first, header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    let policy = header_of(&first, header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(header_of(&first, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(header_of(&first, header::REFERRER_POLICY), "no-referrer");
    assert_eq!(header_of(&first, header::CACHE_CONTROL), "no-cache");

    let mut asked = HeaderMap::new();
    let tag = header_of(&first, header::ETAG);
    asked.insert(
        header::IF_NONE_MATCH,
        format!("\"other\", W/{tag}").parse().unwrap(),
    );
    let second = serve(INDEX, &asked);
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(
        header_of(&second, header::CONTENT_SECURITY_POLICY),
        header_of(&first, header::CONTENT_SECURITY_POLICY)
    );
    let another = serve("app.js", &asked);
    assert_eq!(
        another.status(),
        StatusCode::OK,
        "the tag of one file is not that of another"
    );
}

#[test]
fn names_that_are_no_file_of_the_page_are_refused() {
    for name in [
        "",
        "nothing.js",
        "../console.rs",
        "tests.rs",
        "INDEX.HTML",
        "app.js\0",
    ] {
        let response = serve(name, &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        assert_eq!(
            header_of(&response, header::CONTENT_TYPE),
            "application/problem+json"
        );
    }
}

#[test]
fn every_file_has_the_type_that_nosniff_wants() {
    for asset in ASSETS {
        let kind = content_type(asset.name);
        assert_ne!(kind, "application/octet-stream", "{}", asset.name);
    }
    let script = serve("app.js", &HeaderMap::new());
    assert_eq!(
        header_of(&script, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
}

/// The table of words: key → (Chinese, English), from the lines of the two files.
fn words() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let mut words = BTreeMap::new();
    for name in ["words.js", "codes.js"] {
        for line in text(name).lines().map(str::trim) {
            let parts: Vec<&str> = line.split('"').collect();
            if let ["", key, ": [", zh, ", ", en, "],"] = parts[..] {
                assert!(
                    words.insert(key, (zh, en)).is_none(),
                    "{key} is said twice in {name}"
                );
            } else {
                assert!(
                    !line.starts_with('"'),
                    "{name}: a line of words reads `\"key\": [\"中文\", \"English\"],`, not `{line}`"
                );
            }
        }
    }
    assert!(
        words.len() > 300,
        "only {} words could be read",
        words.len()
    );
    words
}

fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|sign| ('\u{3400}'..='\u{9fff}').contains(&sign))
}

#[test]
fn every_word_is_there_in_both_languages() {
    // Signs that are the same in both, and the name of the other language.
    let exceptions = ["language.other", "list.comma", "span.days"];
    for (key, (zh, en)) in words() {
        assert!(!zh.is_empty() && !en.is_empty(), "{key} is empty");
        let right = is_chinese(zh) && !is_chinese(en);
        assert!(
            right || exceptions.contains(&key),
            "{key}: `{zh}` / `{en}` are not Chinese and English"
        );
        let places = |text: &'static str| -> BTreeSet<&'static str> {
            text.split('{')
                .skip(1)
                .filter_map(|part| part.split('}').next())
                .collect()
        };
        assert_eq!(places(zh), places(en), "{key} fills in different things");
    }
}

/// Names of the engine's events, in snake case, from its source: an enum with fields cannot be listed otherwise.
fn event_names() -> Vec<String> {
    let source = std::fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../engine/src/event.rs"),
    )
    .unwrap();
    let body = source.split("pub enum Event {").nth(1).unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let variants = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|sign: char| sign.is_ascii_uppercase()));
    let names: Vec<String> = variants
        .map(|line| {
            let name = line
                .split(|sign: char| !sign.is_ascii_alphanumeric())
                .next()
                .unwrap();
            let mut snake = String::new();
            for sign in name.chars() {
                if sign.is_ascii_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.push(sign.to_ascii_lowercase());
            }
            snake
        })
        .collect();
    assert!(names.len() > 25 && names.contains(&"order_issued".to_owned()));
    names
}

#[test]
fn every_code_of_the_centre_has_its_name() {
    let mut wanted: Vec<String> = event_names()
        .into_iter()
        .map(|name| format!("event.{name}"))
        .collect();
    macro_rules! codes {
        ($($group:literal $vocabulary:ty)+) => {
            $(wanted.extend(<$vocabulary>::ALL.iter().map(|value| format!(concat!($group, ".{}"), value.code())));)+
        };
    }
    codes! {
        "datum" Datum "kind" Kind "capability" Capability "agency" Agency "nature" Nature "category" Category
        "order" OrderState "clock" OrderClock "overdue" OrderClock "rung" Rung "choice" Choice "matter" LedgerMatter
        "clock" IncidentClock "overdue" IncidentClock "level" Level "cause" LevelCause "owed" IncidentClock "upward" UpwardStage "field-upward" UpwardField
        "need" NeedState "shortage" Shortage "reason" CloseReason "duty" Duty "unit" UnitStatus "outcome" Outcome "refusal" Refusal "human" HumanReason
    }
    wanted.extend(
        Priority::ALL
            .iter()
            .map(|priority| format!("priority.{}", priority.number())),
    );
    let words = words();
    let missing: Vec<_> = wanted
        .iter()
        .filter(|key| !words.contains_key(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "codes.js has no names for {missing:?}");
    for row in &engine::kind::KINDS {
        let (zh, _) = words[format!("kind.{}", row.kind.code()).as_str()];
        assert_eq!(
            zh,
            row.zh,
            "kind.{}: the page and the table of kinds differ",
            row.kind.code()
        );
    }
}

/// Keys that a file asks for by name: `word("key"`, `data-word="key"`, `data-word-label="key"`.
fn asked_for(source: &'static str) -> impl Iterator<Item = &'static str> {
    ["word(\"", "data-word=\"", "data-word-label=\""]
        .into_iter()
        .flat_map(move |opening| source.split(opening).skip(1))
        .filter_map(|rest| rest.split('"').next())
}

#[test]
fn every_word_that_is_asked_for_is_there_and_none_is_idle() {
    let words = words();
    let files: Vec<_> = modules().chain([(INDEX, text(INDEX))]).collect();
    let mut asked = BTreeSet::new();
    for (name, source) in &files {
        for key in asked_for(source) {
            assert!(words.contains_key(key), "{name} asks for `{key}`");
            asked.insert(key);
        }
    }
    // Keys that are put together, as in word(`act.${name}`), by what they begin with.
    let groups: BTreeSet<&str> = files
        .iter()
        .flat_map(|(_, source)| source.split("word(`").skip(1))
        .filter_map(|rest| rest.split("${").next())
        .collect();
    let own: Vec<_> = text("words.js")
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
        .collect();
    let idle: Vec<_> = own
        .iter()
        .filter(|key| !asked.contains(*key) && !groups.iter().any(|group| key.starts_with(group)))
        .filter(|key| {
            !files.iter().any(|(_, source)| {
                source.contains(&format!("? \"{key}\"")) || source.contains(&format!(": \"{key}\""))
            })
        })
        .collect();
    assert!(idle.is_empty(), "nobody says {idle:?}");
}

#[test]
fn the_page_never_reads_text_as_anything_else() {
    let banned = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
        "createContextualFragment",
        "srcdoc",
        "javascript:",
        "http://",
        "https://",
    ];
    for (name, source) in modules() {
        for word in banned {
            assert!(!source.contains(word), "{name} says `{word}`");
        }
    }
    let index = text(INDEX);
    for word in [
        "<style",
        " style=",
        " onclick=",
        " onload=",
        "http:",
        "https:",
    ] {
        assert!(
            !index.contains(word),
            "the page's frame says `{word}`, which its policy forbids"
        );
    }
}

#[test]
fn every_file_that_is_asked_for_is_there() {
    let names: BTreeSet<_> = ASSETS.iter().map(|asset| asset.name).collect();
    for (name, source) in modules() {
        for rest in source.split("from \"./").skip(1) {
            let wanted = rest.split('"').next().unwrap();
            assert!(names.contains(wanted), "{name} wants `{wanted}`");
        }
    }
    for rest in text(INDEX).split("/static/").skip(1) {
        let wanted = rest.split('"').next().unwrap();
        assert!(names.contains(wanted), "the frame wants `{wanted}`");
    }
}
