//! `forge secrets`.

use std::fs;
use std::process::Command;

use super::project::valid;
use super::{Answer, Failure, Shell};
use crate::keep::{bodies, filled};

/// Make, check and change the secrets of the project
///
/// Runs the project's own `scripts/secrets` with the same words, which needs no forge on a server: `forge secrets check --env
/// staging` is `scripts/secrets check --env staging`. A script that is not as forge writes it is not run.
///
/// init makes what is missing and asks for what somebody has to supply; check says what is missing, malformed, an example or
/// has run out; rotate NAME gives a secret another value, and tells those who use it; list says where each comes from, and who
/// reads it. `forge secrets -- --help` says all of it.
///
/// Ends with 0 when all is well, with 1 when a secret is missing or wrong, and with 2 when the work could not be done.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to do: init (if left out), check, rotate NAME or list, and the script's options, such as --env NAME
    #[arg(value_name = "WORDS", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let planned = project.plan(shell)?;
    let Some(script) = planned.iter().find(|it| it.id == "script:secrets") else {
        return Err(Failure::input("this project has no secrets", "declare some under `secrets`"));
    };
    let path = project.root.join(&script.path);
    let found = fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::input(format!("there is no {} yet", script.path), "run `forge generate`")
        }
        _ => Failure::Io { doing: format!("read {}", script.path), source: error },
    })?;
    if filled(&script.text, &bodies(&found)) != found {
        let help = "`forge diff` shows how they differ, and `forge generate` writes it; what is meant to be so is run by its own name";
        return Err(Failure::input(format!("{} is not as forge writes it, and was not run", script.path), help));
    }
    let path = path.canonicalize().map_err(Failure::io(format!("find {}", script.path)))?;
    let status = Command::new("sh").arg(path).args(&arguments.words).status();
    match status.map_err(Failure::io(format!("run {}", script.path)))?.code() {
        Some(0) => Ok(Answer::Yes),
        Some(1) => Ok(Answer::No),
        // It said why.
        _ => Err(Failure::Told),
    }
}
