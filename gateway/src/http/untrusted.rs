//! What strangers' bytes meet on the way in over HTTP, as functions of bytes: for the fuzz targets in `tests`, which have
//! no server. Only calls what the routes call; decides nothing.

use super::asking::key_of;
use super::query::Query;
use super::reply::Early;
use crate::wire::{Problem, Strict, json};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use engine::call::ActKey;
use engine::id::{CallId, CentreId, EventId, OrderId, UnitId};
use engine::kind::{Agency, Kind, Priority};

/// Reads a query by every way in which a route reads one.
///
/// # Panics
/// When something is refused without the name of what is wrong.
pub fn query(text: &str) {
    let lists = |mut query: Query| {
        query.limit()?;
        query.id::<UnitId>("after")?;
        query.id::<EventId>("since")?;
        query.word("agency", Agency::from_code, "the code of an agency")?;
        query.flag("hash", true)?;
        query.text("units");
        query.finish()
    };
    named(&Query::of(Some(text)).and_then(lists));
    named(&Query::of(Some(text)).and_then(|mut query| query.id::<OrderId>("after")));
    named(&Query::of(Some(text)).and_then(Query::finish));
}

/// The key of an act that is asked with this query, `Idempotency-Key` and body; `None` when there is none to have.
///
/// # Panics
/// When a key is refused without the name of what is wrong.
pub fn key(query: &str, key: &[u8], body: &[u8]) -> Option<ActKey> {
    let uri: Uri = format!("/v1/units/P-1/duty?{query}").parse().ok()?;
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", HeaderValue::from_bytes(key).ok()?);
    match key_of(&Method::POST, &uri, &headers, body) {
        Ok(key) => key,
        Err(Early::Problem(problem)) => {
            named::<()>(&Err(problem));
            None
        }
        Err(Early::Answered(_)) => None,
    }
}

/// Reads a body by every way in which an act reads one.
///
/// # Panics
/// When something is refused without the name of what is wrong.
pub fn act(body: &[u8]) {
    if let Some(call) = CallId::new(CentreId(1), 1)
        && let Err(problem) = json::read_facts(call, body)
    {
        assert!(!problem.detail.is_empty(), "a problem without words");
    }
    let fields = |read: fn(&mut Strict) -> Result<(), Problem>| {
        if let Ok(mut strict) = json::read_act(body) {
            named(&read(&mut strict).and_then(|()| strict.finish()));
        }
    };
    fields(|strict| strict.id::<CallId>("into").map(drop));
    fields(|strict| strict.moment("to").map(drop));
    fields(|strict| strict.optional_position().map(drop));
    fields(|strict| strict.position().map(drop));
    fields(|strict| {
        let words = strict.optional_texts("capabilities", 4)?;
        assert!(
            words.is_none_or(|words| words.len() <= 4),
            "more than asked for"
        );
        strict.optional_count("strength")?;
        strict.optional_flag("open")?;
        strict.optional_text("home")?;
        strict.optional_word("kind", Kind::from_code, "must be a kind")?;
        let priority = strict.optional_number("priority", 1.0..=4.0)?;
        assert!(priority.is_none_or(|given| Priority::try_from(given as u8).is_ok()));
        Ok(())
    });
}

fn named<T>(read: &Result<T, Problem>) {
    if let Err(problem) = read {
        // The name itself may be empty: `=5` is a parameter too.
        let has_name = problem.field.is_some();
        assert!(!problem.detail.is_empty(), "a problem without words");
        assert!(
            has_name || problem.detail.contains('`'),
            "which field? {problem:?}"
        );
    }
}
