//! Asks a centre for its sequence and state hash over HTTP. One request, no more of HTTP than that takes.

use super::ReplayError;
use crate::report::State;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// What `GET /v1/stats` says.
pub async fn ask(url: &str) -> Result<State, ReplayError> {
    let failed = |reason: String| ReplayError::Stats {
        url: url.to_string(),
        reason,
    };
    let asked = tokio::time::timeout(PATIENCE, get(url)).await;
    let answer = asked
        .map_err(|_| failed("no answer in time".into()))?
        .map_err(failed)?;
    state(&answer).map_err(failed)
}

/// Whether it can be asked, before a run that ends with asking it.
pub async fn check(url: Option<&str>) -> Result<(), ReplayError> {
    match url {
        Some(url) => ask(url).await.map(drop),
        None => Ok(()),
    }
}

/// What it says when a run is over. That it cannot be asked any more takes nothing away from what the run was.
pub async fn ask_at_the_end(url: &str, shown: u64) -> State {
    ask(url).await.unwrap_or_else(|error| State {
        sequence: shown,
        unknown: Some(format!("not known: {error}")),
        ..State::default()
    })
}

/// The answer to a GET, head and body as they came.
pub(crate) async fn get(url: &str) -> Result<String, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("it does not start with http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, "v1/stats"));
    let mut stream = TcpStream::connect(host)
        .await
        .map_err(|error| error.to_string())?;
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: application/json\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_string(&mut answer)
        .await
        .map_err(|error| error.to_string())?;
    Ok(answer)
}

/// Reads sequence and hash out of an answer; their names may stand at any depth.
fn state(answer: &str) -> Result<State, String> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("it is no HTTP answer")?;
    let status = head.lines().next().unwrap_or_default();
    if !status.contains(" 200") {
        return Err(format!("it answered {status}"));
    }
    // Without a length the body may come in chunks; the JSON object in it is what counts.
    let start = body.find('{').ok_or("it holds no JSON object")?;
    let end = body.rfind('}').ok_or("it holds no JSON object")?;
    let json: serde_json::Value =
        serde_json::from_str(&body[start..=end]).map_err(|error| error.to_string())?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_string);
    let hash = ["state_hash", "hash"]
        .iter()
        .find_map(|name| found(&json, name).and_then(text));
    let sequence = ["sequence", "seq"]
        .iter()
        .find_map(|name| found(&json, name).and_then(serde_json::Value::as_u64));
    let top = |name: &str| json.get(name).and_then(text);
    Ok(State {
        unknown: None,
        sequence: sequence.ok_or("it names no sequence")?,
        hash,
        version: top("version"),
        clock: top("clock"),
        durability: top("durability"),
    })
}

/// The value of this name, here or in an object within.
fn found<'a>(json: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    let object = json.as_object()?;
    object
        .get(name)
        .or_else(|| object.values().find_map(|inner| found(inner, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_centre_that_says_nothing_at_the_end_takes_nothing_away() {
        let state = ask_at_the_end("http://127.0.0.1:9/v1/stats", 7).await;
        assert_eq!((state.sequence, state.hash), (7, None));
        let why = state.unknown.unwrap_or_default();
        assert!(
            why.starts_with("not known: ") && why.contains("127.0.0.1:9"),
            "{why}"
        );
    }

    #[test]
    fn sequence_and_hash_are_found() {
        let ok = |body: &str| state(&format!("HTTP/1.1 200 OK\r\nx: y\r\n\r\n{body}"));
        let plain = ok(r#"{"sequence":7,"state_hash":"ab"}"#).unwrap();
        assert_eq!((plain.sequence, plain.hash.as_deref()), (7, Some("ab")));
        let nested = ok(r#"{"state":{"seq":9,"hash":"cd"}}"#).unwrap();
        assert_eq!((nested.sequence, nested.hash.as_deref()), (9, Some("cd")));
        let whole = ok(r#"{"sequence":1,"clock":"wall","durability":"batch"}"#).unwrap();
        let said = (whole.clock.as_deref(), whole.durability.as_deref());
        assert_eq!(said, (Some("wall"), Some("batch")));
        assert!(ok("{}").is_err());
        assert!(
            state("HTTP/1.1 503 no\r\n\r\n{}")
                .unwrap_err()
                .contains("503")
        );
    }
}
