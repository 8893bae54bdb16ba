//! How the code should read, as far as a test can see it: sizes, names and openings of files.

use std::path::Path;
use tests::repository::sources;

const LINES_MAX: usize = 800;
const MEDIAN_MAX: usize = 250;
const BANNED: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "handler", "handlers", "misc",
];

fn code() -> Vec<(std::path::PathBuf, String)> {
    let code = sources(&["rs", "py", "js", "mjs"]);
    assert!(code.len() > 40, "only {} sources were found", code.len());
    code
}

fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("")
}

#[test]
fn no_file_is_long() {
    let mut sizes: Vec<_> = code()
        .iter()
        .map(|(path, text)| (text.lines().count(), path.clone()))
        .collect();
    sizes.sort();
    let long: Vec<_> = sizes
        .iter()
        .filter(|(lines, _)| *lines > LINES_MAX)
        .collect();
    assert!(
        long.is_empty(),
        "over {LINES_MAX} lines, split by idea: {long:?}"
    );
    let (median, _) = &sizes[sizes.len() / 2];
    assert!(
        *median <= MEDIAN_MAX,
        "the median file has {median} lines; {MEDIAN_MAX} is the most"
    );
}

#[test]
fn names_are_nouns_of_the_domain() {
    for (path, _) in code() {
        let words: Vec<_> = stem(&path).split(['_', '-']).collect();
        let banned = words.iter().find(|word| BANNED.contains(word));
        assert!(
            banned.is_none(),
            "{} says nothing; name it by what it owns",
            path.display()
        );
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for (path, text) in code() {
        let opening = text
            .lines()
            .find(|line| !line.is_empty() && !line.starts_with("#!"))
            .unwrap_or("");
        let says = if path.extension().is_some_and(|is| is == "py") {
            opening.starts_with("\"\"\"")
        } else {
            opening.starts_with("//!")
        };
        assert!(
            says || text.is_empty(),
            "{} must open with what it owns and must never do",
            path.display()
        );
    }
}

#[test]
fn no_file_is_a_placeholder() {
    for (path, text) in code() {
        assert!(
            !text.starts_with("//! Placeholder."),
            "{} is still a placeholder",
            path.display()
        );
    }
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // Spelled in two parts, so that this file does not name it either.
    let home = ["/", "work/"].concat();
    for (path, text) in sources(&["rs", "py", "toml", "md", "sh"]) {
        assert!(
            !text.contains(&home),
            "{} names a folder of one machine",
            path.display()
        );
    }
}
