//! Manual pages and completions, made from the flags themselves, for both programs.

use anyhow::Context;
pub use clap_complete::Shell;
use clap_mangen::Man;
use std::io::Write;
use std::path::Path;

/// Writes a page for the program and each of its commands into a folder; without one, the program's page to stdout.
pub fn man(command: clap::Command, dir: Option<&Path>) -> anyhow::Result<()> {
    // Pages of `help` itself say nothing that the others do not.
    let mut command = command.disable_help_subcommand(true);
    let Some(dir) = dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        std::io::stdout().lock().write_all(&page)?;
        return Ok(());
    };
    let place = || {
        format!(
            "{}: cannot write the manual pages; name a folder that can be written",
            dir.display()
        )
    };
    std::fs::create_dir_all(dir).with_context(place)?;
    command.build();
    clap_mangen::generate_to(command, dir).with_context(place)
}

/// Prints completions for a shell.
pub fn completions(command: clap::Command, shell: Shell) -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(&script(command, shell))?;
    Ok(())
}

/// The completions themselves.
pub fn script(mut command: clap::Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}
