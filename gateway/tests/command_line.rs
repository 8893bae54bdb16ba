//! The program as it is typed: exit codes, what goes to stderr, and reading beside a centre that runs.

#![allow(clippy::unwrap_used)]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn liandong(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_liandong"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let version = liandong(&["--version"]);
    assert!(version.status.success());
    assert!(said(&version.stdout).starts_with("liandong "));
    assert_eq!(
        said(&version.stdout).trim(),
        format!("liandong {}", gateway::VERSION)
    );
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let none = liandong(&["explain", dir, "1.1"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        said(&none.stderr).starts_with("liandong: "),
        "{}",
        said(&none.stderr)
    );
    assert!(said(&none.stderr).contains("no journal"));
    assert!(none.stdout.is_empty());
    assert_eq!(liandong(&["explain", dir, "one"]).status.code(), Some(2));
    assert_eq!(
        liandong(&["report", dir, "--day", "x"]).status.code(),
        Some(2)
    );
}

/// A centre that is stopped however the test ends.
struct Serving(Child);

impl Serving {
    fn stop(&mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

fn serve(dir: &Path) -> Serving {
    serve_with(dir, Command::new(env!("CARGO_BIN_EXE_liandong")))
}

/// The same, by a command that begins otherwise.
fn serve_with(dir: &Path, mut command: Command) -> Serving {
    let config = dir.join("liandong.toml");
    let text = "[quic]\nlisten = \"127.0.0.1:0\"\n[http]\nlisten = \"127.0.0.1:0\"\n[journal]\nsegment_mib = 8\n[log]\nlevel = \"debug\"\n";
    std::fs::write(&config, text).unwrap();
    command
        .arg("serve")
        .args(["--config".as_ref(), config.as_os_str()])
        .args(["--data".as_ref(), dir.join("data").as_os_str()])
        .args(["--log-format", "json"])
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped());
    Serving(command.spawn().unwrap())
}

#[test]
fn the_log_is_json_and_readers_take_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serve(folder.path());
    let mut stderr = BufReader::new(serving.0.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("quic on") {
        assert!(stderr.read_line(&mut log).unwrap() > 0, "{log}");
    }
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let board = liandong(&["board", data, "--lang", "en"]);
    assert!(board.status.success(), "{}", said(&board.stderr));
    assert!(said(&board.stdout).contains("Nothing is open."));
    let report = liandong(&["report", data, "--day", "2020-02-02", "--lang", "en"]);
    assert!(
        said(&report.stdout).contains("No call and no order"),
        "{}",
        said(&report.stdout)
    );
    assert_eq!(liandong(&["explain", data, "1.1"]).status.code(), Some(1));
    assert_eq!(serving.stop(), Some(0));
    stderr.read_to_string(&mut log).unwrap();
    for line in log.lines() {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(parsed.is_ok(), "no JSON: {line}");
    }
    assert!(log.contains("durable"));
}

/// A machine that allows too little is no reason not to serve, and no secret: found, wanted and the remedy are said.
#[test]
fn a_low_limit_on_open_files_is_warned_of_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let limited = "ulimit -n 300; exec \"$0\" \"$@\"";
    shell.args(["-c", limited, env!("CARGO_BIN_EXE_liandong")]);
    let mut serving = serve_with(folder.path(), shell);
    let mut stderr = BufReader::new(serving.0.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains("quic on") {
        assert!(stderr.read_line(&mut log).unwrap() > 0, "{log}");
    }
    assert_eq!(serving.stop(), Some(0));
    let warning = log.lines().find(|line| line.contains("ulimit -n"));
    let warning = warning.unwrap_or_else(|| panic!("no warning in {log}"));
    assert!(
        warning.contains("WARN") && warning.contains("at most 300 files"),
        "{warning}"
    );
}

/// A city that somebody has worked on is not lost to a second `generate`; the exit code says so, and --force is heard.
#[test]
fn a_city_is_not_overwritten_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("city");
    let dir = dir.to_str().unwrap();
    assert!(liandong(&["city", "generate", dir]).status.success());
    assert!(
        liandong(&["city", "generate", dir]).status.success(),
        "the same again is no loss"
    );
    let units = folder.path().join("city/units.csv");
    let edited = std::fs::read_to_string(&units)
        .unwrap()
        .replace(",45,30,", ",46,30,");
    std::fs::write(&units, &edited).unwrap();
    let refused = liandong(&["city", "generate", dir]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused.stderr).contains("units.csv from line"),
        "{}",
        said(&refused.stderr)
    );
    assert_eq!(std::fs::read_to_string(&units).unwrap(), edited);
    assert!(
        liandong(&["city", "generate", dir, "--force"])
            .status
            .success()
    );
    assert_ne!(std::fs::read_to_string(&units).unwrap(), edited);
}
