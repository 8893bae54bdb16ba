//! Text tables for paper and terminals: columns that line up though a Chinese character is two cells wide, and lines
//! that keep to a width.
//!
//! Knows nothing of what stands in them. Widths are those of `unicode-width`.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Cells that a text takes up.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, filled up to so many cells.
pub fn padded(text: &str, cells: usize, align: Align) -> String {
    let room = " ".repeat(cells.saturating_sub(width(text)));
    match align {
        Align::Left => format!("{text}{room}"),
        Align::Right => format!("{room}{text}"),
    }
}

/// A table of text.
#[derive(Clone, Debug)]
pub struct Columns {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    /// A table with this head.
    pub fn new(head: &[(&str, Align)]) -> Columns {
        Columns {
            aligns: head.iter().map(|&(_, align)| align).collect(),
            rows: vec![head.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, the head underlined, no blank at their ends.
    pub fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.aligns.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        let set = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.aligns);
            let cells: Vec<String> = cells
                .map(|((cell, &width), &align)| padded(cell, width, align))
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        let mut lines: Vec<String> = self.rows.iter().map(set).collect();
        let rule = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        lines.insert(1, "-".repeat(rule));
        lines
    }
}

/// Breaks a text into lines of at most so many cells; those after the first are indented. Latin words stay whole
/// where they can, Chinese breaks anywhere.
pub fn wrapped(text: &str, cells: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in pieces(text) {
        let last = lines.len() - 1;
        let taken = width(&lines[last]);
        let blank = word.chars().all(char::is_whitespace);
        if taken + width(word) <= cells {
            lines[last].push_str(word);
        } else if !blank {
            let kept = lines[last].trim_end().len();
            lines[last].truncate(kept);
            lines.push(" ".repeat(indent));
            push_broken(&mut lines, word, cells, indent);
        }
    }
    lines
}

/// A piece that may be wider than a line by itself.
fn push_broken(lines: &mut Vec<String>, word: &str, cells: usize, indent: usize) {
    for character in word.chars() {
        let last = lines.len() - 1;
        let next = character.width().unwrap_or(0);
        if width(&lines[last]) + next > cells && lines[last].len() > indent {
            lines.push(" ".repeat(indent));
        }
        let last = lines.len() - 1;
        lines[last].push(character);
    }
}

/// Words, blanks, and single wide characters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in text.char_indices() {
        let wide = |character: char| character.width().unwrap_or(0) > 1;
        let parts = before.is_some_and(|before| {
            wide(before) || wide(character) || before.is_whitespace() != character.is_whitespace()
        });
        if parts {
            pieces.extend(text.get(start..at));
            start = at;
        }
        before = Some(character);
    }
    pieces.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_wide_characters() {
        let mut table = Columns::new(&[("线路", Align::Left), ("calls", Align::Right)]);
        table.row(["110".into(), "7".into()]);
        table.row(["交通事故".into(), "1234".into()]);
        let lines = table.lines();
        assert_eq!(lines[0], "线路      calls");
        assert_eq!(lines[2], "110           7");
        assert_eq!(lines[3], "交通事故   1234");
        assert!(lines.iter().all(|line| width(line) == 15), "{lines:?}");
    }

    #[test]
    fn lines_keep_to_the_width_and_lose_nothing() {
        let text = "联系人 Zhang San, 十三个字十三个字十三个字, averyveryverylongword here";
        for cells in 10..40 {
            let lines = wrapped(text, cells, 2);
            assert!(lines.iter().all(|line| width(line) <= cells), "{lines:?}");
            let bare = |text: &str| {
                text.chars()
                    .filter(|c| !c.is_whitespace())
                    .collect::<String>()
            };
            assert_eq!(bare(&lines.concat()), bare(text));
        }
        assert_eq!(wrapped("short", 40, 2), ["short"]);
    }
}
