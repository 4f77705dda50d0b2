//! `forge man`.

use clap::CommandFactory as _;

use super::{Answer, Failure, Shell};
use crate::diagnostic::listed;

/// Print the manual page, or that of a command
///
/// For example: `forge man | man -l -`
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The command; all of forge, if left out
    command: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let mut command = super::Arguments::command();
    command.build();
    if let Some(name) = &arguments.command {
        let Some(found) = command.get_subcommands().find(|it| it.get_name() == name).cloned() else {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let otherwise = format!("there is {}", listed(&known));
            return Err(Failure::unknown("forge has no command", name, known, &otherwise));
        };
        command = found;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).map_err(Failure::io("make the manual page"))?;
    shell.answer(&String::from_utf8_lossy(&text))?;
    Ok(Answer::Yes)
}
