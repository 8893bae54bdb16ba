//! Mends a JSON line that a strict reader refuses for one bad value, so that a readable call is not lost with it.
//!
//! Used only after the strict reader has refused. Three faults are mended, each by the replacement character: bytes that
//! are no UTF-8, escapes of half a surrogate pair or control characters in a string, and bare words or numbers
//! that are no JSON (`NaN`, `Infinity`, `1e999`). A value so replaced is a text of one such character, of the wrong
//! type for a number, so that the reader behind it drops and marks it. Structure is never mended.

/// What stands where something could not be read.
pub const REPLACEMENT: char = '\u{FFFD}';

/// The line with its bad values replaced.
pub fn mend(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut mended = String::with_capacity(text.len() + 16);
    let mut rest = text.as_ref();
    while let Some(first) = rest.chars().next() {
        rest = if first == '"' {
            string(&rest[1..], &mut mended)
        } else if is_bare(first) {
            let end = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
            bare(&rest[..end], &mut mended);
            &rest[end..]
        } else {
            mended.push(first);
            &rest[first.len_utf8()..]
        };
    }
    mended
}

fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_') || c == REPLACEMENT
}

/// A word or number outside a string: kept if it is JSON.
fn bare(word: &str, mended: &mut String) {
    if serde_json::from_str::<serde_json::Value>(word).is_ok() {
        mended.push_str(word);
    } else {
        mended.push('"');
        mended.push(REPLACEMENT);
        mended.push('"');
    }
}

/// A string, from after its opening quote; gives what comes after it.
fn string<'a>(text: &'a str, mended: &mut String) -> &'a str {
    mended.push('"');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (taken, after) = match first {
            '"' => {
                mended.push('"');
                return &rest[1..];
            }
            '\\' => escape(rest, mended),
            control if control.is_control() && (control as u32) < 0x20 => {
                mended.push(REPLACEMENT);
                (1, rest)
            }
            plain => {
                mended.push(plain);
                (plain.len_utf8(), rest)
            }
        };
        rest = &after[taken..];
    }
    rest
}

/// An escape at the start of `text`: copied whole when a JSON string may hold it, else replaced. Gives its length.
fn escape<'a>(text: &'a str, mended: &mut String) -> (usize, &'a str) {
    // A pair of surrogates is twelve bytes, any other `\u` six, the rest two.
    for length in [12, 6, 2] {
        let Some(whole) = text.get(..length) else {
            continue;
        };
        let is_pair = length == 12;
        let second = whole.get(6..).unwrap_or_default();
        if is_pair && !(whole.starts_with("\\u") && second.starts_with("\\u")) {
            continue;
        }
        if length == 6 && !whole.starts_with("\\u") {
            continue;
        }
        if serde_json::from_str::<String>(&format!("\"{whole}\"")).is_ok() {
            mended.push_str(whole);
            return (length, text);
        }
    }
    mended.push(REPLACEMENT);
    let unicode = text.len() >= 6
        && text.as_bytes()[1] == b'u'
        && text.as_bytes()[2..6].iter().all(u8::is_ascii_hexdigit);
    (if unicode { 6 } else { 1 }, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(line: &[u8], expected: &str) {
        assert_eq!(mend(line), expected);
    }

    #[test]
    fn each_fault_is_mended_and_nothing_else() {
        check(
            br#"{"lat":NaN,"x":[-Infinity,1e999,true,null,1.5]}"#,
            "{\"lat\":\"\u{FFFD}\",\"x\":[\"\u{FFFD}\",\"\u{FFFD}\",true,null,1.5]}",
        );
        check(b"{\"text\":\"a\xFFb\"}", "{\"text\":\"a\u{FFFD}b\"}");
        check(
            br#"{"text":"\ud83d\ude00 \ud83d!"}"#,
            "{\"text\":\"\\ud83d\\ude00 \u{FFFD}!\"}",
        );
        check(
            b"{\"text\":\"a\tb\\n\\x\"}",
            "{\"text\":\"a\u{FFFD}b\\n\u{FFFD}x\"}",
        );
        check(
            r#"{"文":"\\","b":"\""}"#.as_bytes(),
            r#"{"文":"\\","b":"\""}"#,
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_mended_without_a_panic(bytes: Vec<u8>) {
            mend(&bytes);
        }

        #[test]
        fn what_is_json_stays_what_it_is(text: String, number: f64) {
            let line = serde_json::json!({"text": text, "number": number}).to_string();
            let mended: serde_json::Value = serde_json::from_str(&mend(line.as_bytes())).unwrap();
            prop_assert_eq!(mended, serde_json::from_str::<serde_json::Value>(&line).unwrap());
        }
    }
}
