//! `liandong classify`: JSON lines in, the same fields with the verdict out.
//!
//! Reads only `line` and `text`; an input field named like an output is replaced. Order is kept, blank lines are
//! skipped. A line that is no JSON object gives an error line that names its number, and exit code 1 at the end.

mod evaluate;
mod texts;
mod train;

pub use train::train;

use anyhow::{Context, bail};
use engine::classify::{Lexicon, Scratch, Verdict};
use engine::line::Line;
use engine::plan::Plan;
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufWriter, Write};
use std::path::Path;

/// A line of input is no larger.
const LINE_BYTES_MAX: usize = 1 << 20;
/// What a call without a usable line is read as.
const DEFAULT_LINE: Line = Line::POLICE;

/// Classifies standard input to standard output.
pub fn classify(plan: Option<&Path>, lexicon: Option<&Path>, explain: bool) -> anyhow::Result<()> {
    if let Some(path) = plan {
        let text = read(path)?;
        Plan::load(&text).with_context(|| format!("{}: the plan has mistakes", path.display()))?;
    }
    let own = own(lexicon)?;
    let lexicon = own.as_ref().unwrap_or_else(|| Lexicon::embedded());
    let stdin = std::io::stdin().lock();
    let out = BufWriter::new(std::io::stdout().lock());
    match all(stdin, out, lexicon, explain)? {
        0 => Ok(()),
        bad => bail!(
            "standard input: {bad} lines were no JSON objects; each has an error line in the output that names it: mend those"
        ),
    }
}

/// Judges a file of labelled texts.
pub fn evaluate(file: &Path, lexicon: Option<&Path>) -> anyhow::Result<()> {
    let own = own(lexicon)?;
    let report = evaluate::evaluate(file, own.as_ref().unwrap_or_else(|| Lexicon::embedded()))?;
    let mut out = std::io::stdout().lock();
    out.write_all(report.as_bytes())?;
    Ok(())
}

/// The lexicon of a file, where one is named.
fn own(lexicon: Option<&Path>) -> anyhow::Result<Option<Lexicon>> {
    let load = |path: &Path| {
        Lexicon::load(&read(path)?)
            .with_context(|| format!("{}: the lexicon has mistakes", path.display()))
    };
    lexicon.map(load).transpose()
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| {
        let place = path.display();
        format!("{place}: cannot be read; name a text file in UTF-8 that is there and may be read")
    })
}

/// Classifies every line; gives how many could not be read.
fn all(
    mut input: impl BufRead,
    mut out: impl Write,
    lexicon: &Lexicon,
    explain: bool,
) -> anyhow::Result<u64> {
    let mut scratch = Scratch::new();
    let (mut bytes, mut number, mut bad) = (Vec::new(), 0u64, 0);
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        number += 1;
        let line = bytes.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let answer = match object(line) {
            Ok(mut object) => {
                add_verdict(&mut object, lexicon, explain, &mut scratch);
                Value::Object(object)
            }
            Err(reason) => {
                bad += 1;
                json!({"error": format!("line {number}: {reason}"), "input_line": number})
            }
        };
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(bad)
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!(
            "{} bytes; at most {LINE_BYTES_MAX} are read",
            line.len()
        ));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        ) => Err("no JSON object; write {\"line\":\"110\",\"text\":\"…\"}".into()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

fn add_verdict(
    object: &mut Map<String, Value>,
    lexicon: &Lexicon,
    explain: bool,
    scratch: &mut Scratch,
) {
    let line = match object.get("line") {
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(Value::Number(number)) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .and_then(Line::new),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    let text = object
        .get("text")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let verdict = lexicon.classify(line.unwrap_or(DEFAULT_LINE), text.as_deref(), None, scratch);
    object.extend(outputs(
        &verdict,
        text.as_deref().unwrap_or_default(),
        lexicon,
        explain,
    ));
}

fn outputs(verdict: &Verdict, text: &str, lexicon: &Lexicon, explain: bool) -> Map<String, Value> {
    let agencies: Vec<&str> = if verdict.agencies.is_empty() {
        vec!["none"]
    } else {
        verdict
            .agencies
            .iter()
            .map(|agency| agency.code())
            .collect()
    };
    let evidence: Vec<Value> = verdict
        .evidence
        .as_slice()
        .iter()
        .map(|seen| {
            let words = text
                .get(seen.start as usize..seen.end as usize)
                .unwrap_or_default();
            let rule = lexicon.rule_name(seen.rule);
            if explain {
                json!({"text": words, "rule": rule, "start": seen.start, "end": seen.end})
            } else {
                json!({"text": words, "rule": rule})
            }
        })
        .collect();
    let mut outputs = Map::new();
    outputs.insert("kind".into(), verdict.kind.code().into());
    outputs.insert("agencies".into(), agencies.into());
    outputs.insert("priority".into(), verdict.priority.number().into());
    outputs.insert("nature".into(), verdict.nature.code().into());
    outputs.insert("category".into(), verdict.category.code().into());
    let confidence = f64::from(verdict.confidence_permille) / 1_000.0;
    outputs.insert("confidence".into(), confidence.into());
    outputs.insert("evidence".into(), evidence.into());
    outputs.insert("human".into(), verdict.human.into());
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(input: &str) -> (u64, Vec<Value>) {
        let mut out = Vec::new();
        let bad = all(input.as_bytes(), &mut out, Lexicon::embedded(), false).unwrap();
        let lines = out
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty());
        (
            bad,
            lines
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect(),
        )
    }

    #[test]
    fn fields_pass_through_and_outputs_replace() {
        let (bad, lines) = run(
            "{\"line\":\"119\",\"text\":\"着火了\",\"id\":7,\"kind\":\"party\"}\n\n{\"line\":110}\n",
        );
        assert_eq!((bad, lines.len()), (0, 2));
        assert_eq!(lines[0]["id"], 7);
        assert_ne!(lines[0]["kind"], "party");
        assert_eq!(lines[0]["agencies"][0], "fire");
        for field in [
            "kind",
            "agencies",
            "priority",
            "nature",
            "category",
            "confidence",
            "evidence",
            "human",
        ] {
            assert!(lines[1].get(field).is_some(), "{field}");
        }
        assert_eq!(lines[1]["kind"], "unknown");
        let (_, silent) = run("{\"line\":\"110\",\"text\":\"\"}\n");
        assert_eq!(silent[0]["agencies"], json!(["none"]));
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_goes_on() {
        let (bad, lines) = run("{\"text\":\"a\"}\nnonsense\n[1]\n{\"text\":\"b\"}");
        assert_eq!((bad, lines.len()), (2, 4));
        assert!(lines[1]["error"].as_str().unwrap().starts_with("line 2:"));
        assert_eq!(lines[2]["input_line"], 3);
        assert_eq!(lines[3]["text"], "b");
    }
}
