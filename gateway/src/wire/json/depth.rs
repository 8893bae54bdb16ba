//! Drops what is nested too deep in a JSON line, so that a readable call is not lost with an odd field beside it.
//!
//! Used only after the strict reader has refused, for it reads no deeper than 127. A value nested deeper than
//! [`DEPTH_MAX`] becomes `null`; every known field stands far above that, so what is inside of a known one leaves a
//! value of the wrong type there, which is marked as such. One pass over the bytes, no recursion. A line whose
//! brackets do not fit each other is left as it is: structure is never mended.

use std::borrow::Cow;

/// Arrays and objects within each other that are kept.
pub const DEPTH_MAX: usize = 64;

/// The line without what is too deep in it.
pub fn bounded(line: &[u8]) -> Cow<'_, [u8]> {
    match dropped(line) {
        Some(bounded) => Cow::Owned(bounded),
        None => Cow::Borrowed(line),
    }
}

/// The line with `null` for each value that is too deep; `None` when there is none, or when the brackets do not fit.
fn dropped(line: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(line.len());
    // What must close each bracket that is open.
    let mut closers: Vec<u8> = Vec::new();
    let mut found = false;
    let mut at = 0;
    while at < line.len() {
        let first = line[at];
        let next = match first {
            b'"' => end_of_string(line, at),
            _ => at + 1,
        };
        let mut is_kept = closers.len() <= DEPTH_MAX;
        match first {
            b'{' | b'[' => {
                closers.push(if first == b'{' { b'}' } else { b']' });
                if closers.len() == DEPTH_MAX + 1 {
                    found = true;
                    kept.extend_from_slice(b"null");
                }
                is_kept = closers.len() <= DEPTH_MAX;
            }
            b'}' | b']' if closers.pop() != Some(first) => return None,
            _ => {}
        }
        if is_kept {
            kept.extend_from_slice(&line[at..next]);
        }
        at = next;
    }
    (found && closers.is_empty()).then_some(kept)
}

/// Where the string that begins at `at` is over.
fn end_of_string(line: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while let Some(&byte) = line.get(next) {
        match byte {
            b'"' => return next + 1,
            b'\\' => next += 2,
            _ => next += 1,
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn only_what_is_too_deep_is_dropped() {
        let keep = format!(r#"{{"a":{},"b":"]}}\"["}}"#, nested(DEPTH_MAX - 1));
        assert_eq!(bounded(keep.as_bytes()), keep.as_bytes());
        let line = format!(r#"{{"a":{},"b":"]}}\"["}}"#, nested(DEPTH_MAX));
        let left = format!(
            r#"{{"a":{}null{},"b":"]}}\"["}}"#,
            "[".repeat(DEPTH_MAX - 1),
            "]".repeat(DEPTH_MAX - 1)
        );
        assert_eq!(String::from_utf8_lossy(&bounded(line.as_bytes())), left);
    }

    #[test]
    fn brackets_that_do_not_fit_are_left_alone() {
        let (open, close) = ("[".repeat(200), "]".repeat(199));
        for line in [
            open.clone(),
            format!("{open}{close}"),
            format!("{open}{close}}}"),
            format!("{open}\"{close}]"),
        ] {
            assert_eq!(bounded(line.as_bytes()), line.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_looked_at_without_a_panic(bytes: Vec<u8>) {
            bounded(&bytes);
        }

        #[test]
        fn what_is_left_is_json_and_no_deeper(depth in 1usize..2_000, text: String) {
            let mut line = serde_json::json!({"text": text, "deep": 0}).to_string();
            line = line.replacen("\"deep\":0", &format!("\"deep\":{}", nested(depth)), 1);
            let left: Value = serde_json::from_slice(&bounded(line.as_bytes())).unwrap();
            prop_assert_eq!(&left["text"], &Value::from(text));
        }
    }
}
