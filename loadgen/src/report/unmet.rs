//! The calls of which not everybody was told whom the trace expects, as CSV: `key,expected,told,kind`.
//!
//! Whether a call was met decides [`Tally`](super::tally::Tally); here it is only written down.

use super::tally::Unmet;
use crate::trace::agencies_text;
use std::fmt::Write;

/// The rows with a header.
pub fn csv(unmet: &[Unmet]) -> String {
    let mut out = String::from("key,expected,told,kind\n");
    for it in unmet {
        let key = it.key.replace('"', "\"\"");
        let (expected, told) = (agencies_text(it.expected), agencies_text(it.told));
        // Writing into a string cannot fail.
        writeln!(out, "\"{key}\",{expected},{told},{}", it.kind.code()).unwrap_or_default();
    }
    out
}
