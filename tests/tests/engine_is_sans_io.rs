//! The engine knows no network and no async runtime, and the compiler's own list of its dependencies shows it.

#![allow(clippy::unwrap_used)] // a test says what is wrong by its panic

use std::process::Command;
use tests::repository::root;

fn tree_of(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--prefix",
            "none",
            "--edges",
            "normal,build,dev",
            "--package",
            package,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn no_runtime_and_no_socket_under_the_engine() {
    let tree = tree_of("engine");
    assert!(
        tree.contains(&"blake3".to_owned()),
        "cargo tree gave no tree: {tree:?}"
    );
    for banned in [
        "tokio",
        "quinn",
        "quinn-proto",
        "mio",
        "socket2",
        "axum",
        "hyper",
        "rustls",
        "async-std",
        "smol",
    ] {
        assert!(
            !tree.contains(&banned.to_owned()),
            "{banned} is under engine"
        );
    }
    for ours in ["gateway", "loadgen", "bench", "tests"] {
        assert!(
            !tree.contains(&ours.to_owned()),
            "engine depends on {ours}, it must depend on nobody here"
        );
    }
}

/// The test above could not fail if `cargo tree` were read wrongly: the gateway does have a runtime.
#[test]
fn the_gateway_does_have_one() {
    assert!(tree_of("gateway").contains(&"tokio".to_owned()));
}
