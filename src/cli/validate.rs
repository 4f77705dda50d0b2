//! `forge validate`.

use super::project::{Read, counted, explanation, invalid, read, shown};
use super::{Answer, Failure, Shell};
use crate::diagnostic::Severity;
use crate::report::{Format, notices};

/// Check the spec, and say everything that is wrong with it
///
/// Ends with 0 when the spec is valid, with 1 when it is not, and with 2 when there is none to be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let (them, valid) = match read(shell)? {
        Read::Valid(project) => (project.warnings, true),
        Read::Invalid(them) => (them, false),
    };
    let text = notices(&them, arguments.format, shell.look, &explanation);
    shell.answer(&text)?;
    if arguments.format == Format::Human {
        let file = shown(&shell.file);
        let errors = them.iter().filter(|it| it.severity == Severity::Error).count();
        let warnings = them.len() - errors;
        let also = if warnings == 0 { String::new() } else { format!(", {}", counted(warnings, "warning")) };
        if valid {
            shell.say(&format!("{file} is valid{also}"))?;
        } else {
            shell.say(&format!("{}{also}", invalid(&them, "")))?;
        }
    }
    Ok(if valid { Answer::Yes } else { Answer::No })
}
