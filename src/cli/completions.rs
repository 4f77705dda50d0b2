//! `forge completions`.

use clap::CommandFactory as _;
use clap_complete::Shell as Language;

use super::{Answer, Failure, Shell};

/// Print completions for a shell
///
/// For example: `forge completions bash >/etc/bash_completion.d/forge`
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which shell
    shell: Language,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "forge", &mut text);
    shell.answer(&String::from_utf8_lossy(&text))?;
    Ok(Answer::Yes)
}
