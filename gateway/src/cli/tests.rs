//! The command line is consistent, every command teaches, and every example can be typed.

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

/// All commands that do something, with the words that lead to them.
fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    let commands: Vec<_> = command.get_subcommands().collect();
    if commands.is_empty() {
        found.push((path.to_owned(), command.clone()));
    }
    for command in commands {
        leaves(command, &format!("{path} {}", command.get_name()), found);
    }
}

#[test]
fn every_command_says_more_and_has_examples() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "liandong", &mut found);
    assert!(found.len() > 12);
    for (path, command) in found {
        assert!(command.get_about().is_some(), "{path}");
        assert!(
            command.get_long_about().is_some(),
            "{path} has no more to say"
        );
        let after = command.get_after_help().map(ToString::to_string);
        let after = after.unwrap_or_default();
        assert!(after.starts_with("Examples:\n"), "{path}: {after}");
        assert!(after.contains(&format!("  {path}")), "{path}: {after}");
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{path} {}",
                argument.get_id()
            );
        }
    }
}

/// What is typed on an example line: up to a redirection or to the remark behind it.
fn typed(line: &str) -> Vec<String> {
    let line = line.split("   ").next().unwrap();
    let words = line.split_whitespace();
    words
        .take_while(|word| !["<", ">"].contains(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_example_can_be_typed() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "liandong", &mut found);
    found.push(("liandong".into(), Cli::command()));
    let mut tried = 0;
    for (path, command) in found {
        let after = command.get_after_help().unwrap().to_string();
        for line in after.lines() {
            let Some(example) = line
                .strip_prefix("  ")
                .filter(|line| line.starts_with("liandong"))
            else {
                continue;
            };
            tried += 1;
            let parsed = Cli::try_parse_from(typed(example));
            assert!(
                parsed.is_ok(),
                "{path}: {example}: {}",
                parsed.err().unwrap()
            );
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn pages_and_completions_come_from_the_flags() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    manual::man(Cli::command(), Some(&dir)).unwrap();
    let explain = std::fs::read_to_string(dir.join("liandong-explain.1")).unwrap();
    assert!(
        explain.contains("why not the nearer ones") && explain.contains("json"),
        "{explain}"
    );
    let pages = std::fs::read_dir(&dir).unwrap();
    let pages: Vec<_> = pages
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(pages.len() > 12, "{pages:?}");
    // `help` has no page of its own: each command's page is its help.
    assert!(
        !pages.iter().any(|page| page.contains("-help")),
        "{pages:?}"
    );
    for shell in [manual::Shell::Bash, manual::Shell::Zsh, manual::Shell::Fish] {
        let script = String::from_utf8(manual::script(Cli::command(), shell)).unwrap();
        for word in ["liandong", "explain", "lang", "journal", "columns"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(crate::VERSION.starts_with(env!("CARGO_PKG_VERSION")));
    assert!(crate::VERSION.ends_with(')'), "{}", crate::VERSION);
}

#[test]
fn what_is_no_id_and_no_day_is_said() {
    let said = |arguments: &[&str]| Cli::try_parse_from(arguments).err().unwrap().to_string();
    let order = said(&["liandong", "explain", "data", "twelve"]);
    assert!(order.contains("as in 1.17"), "{order}");
    for wrong in ["yesterday", "2026-13-01", "2026-02-30", "21.11.2026"] {
        let day = said(&["liandong", "report", "data", "--day", wrong]);
        assert!(
            day.contains("--day") && day.contains("as in 2026-11-21"),
            "{day}"
        );
    }
}

#[test]
fn a_cause_that_was_told_is_not_told_again() {
    let disk = || std::io::Error::other("the disk is full");
    let error = anyhow::Error::from(disk()).context("journal: the disk is full");
    assert_eq!(told(&error), "journal: the disk is full");
    let error = anyhow::Error::from(disk()).context("record 7");
    assert_eq!(told(&error), "record 7: the disk is full");
}

/// A reader that has seen enough is no mistake, whoever noticed it first.
#[test]
fn a_broken_pipe_is_known_in_every_dress() {
    let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    assert!(is_broken_pipe(&broken().into()));
    assert!(is_broken_pipe(&serde_json::Error::io(broken()).into()));
    assert!(is_broken_pipe(
        &anyhow::Error::from(broken()).context("record 7")
    ));
    assert!(!is_broken_pipe(&std::io::Error::other("full").into()));
}
