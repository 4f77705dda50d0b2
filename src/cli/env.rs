//! `forge env`.

use std::fs;
use std::path::Path;

use super::project::{counted, environment, explanation, valid};
use super::{Answer, Failure, Shell};
use crate::credential::{concealed, masked};
use crate::diagnostic::{Place, Severity};
use crate::dotenv::{check, hidden};
use crate::keep;
use crate::project::{PRODUCTION, Project};
use crate::report::{Format, Notice, notices};
use crate::targets::asked;

/// Settings that an operator makes in `.env`
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Hold a `.env` against what compose asks for
    ///
    /// Says what is missing, what nobody asks for, what is malformed, weak or an example's, what is set twice, and what compose
    /// reads otherwise than it looks. No value is shown that looks like a credential.
    ///
    /// Ends with 0 when there is nothing to say, with 1 when there is, and with 2 when the file or the spec cannot be read.
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The environment that it is for; that of the file's name, or else production
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// The file, relative to the project; `.env`, which compose reads by itself, if left out
    #[arg(value_name = "FILE")]
    path: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let What::Check(arguments) = &arguments.what;
    let project = valid(shell)?;
    let file = arguments.path.clone().unwrap_or_else(|| ".env".to_owned());
    // `.env.staging` and its example say whom they are for.
    let name = Path::new(&file).file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let named = name.strip_prefix(".env.").map(|it| it.strip_suffix(".example").unwrap_or(it));
    let named = named.filter(|it| project.resolved.environments.contains_key(*it));
    let of = environment(&project.resolved, arguments.env.as_deref().or(named).unwrap_or(PRODUCTION))?;
    let place = shell.directory.join(&file);
    let shown = file.escape_debug().to_string();
    let asked = asked(&project.resolved, of);
    if place.is_dir() {
        let help = "name the file in it, as `forge env check .env`; the folder of a project goes after -C";
        return Err(Failure::input(format!("{shown} is a folder"), help));
    }
    if !place.is_file() {
        return Err(Failure::input(format!("there is no file {shown}"), missing(shell, arguments, of, &asked.example)));
    }
    let bytes = fs::read(&place).map_err(Failure::io(format!("read {shown}")))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::input(format!("{shown} is not UTF-8"), "save it as UTF-8"))?;
    // Whoever adds to a compose file by hand adds to the example.
    let example = fs::read_to_string(shell.directory.join(&asked.example)).unwrap_or_default();
    let mut shown_text = masked(&text).into_owned().into_bytes();
    hidden(&text).into_iter().for_each(|it| shown_text[it].fill(b'*'));
    let shown_text: std::sync::Arc<str> = String::from_utf8_lossy(&shown_text).into();
    let them: Vec<Notice> = check(&text, &asked, &kept(&example))
        .into_iter()
        .map(|it| Notice {
            code: it.code.name.to_owned(),
            severity: it.severity,
            message: concealed(&it.message).into_owned(),
            help: it.help,
            path: shown.clone(),
            text: Some(std::sync::Arc::clone(&shown_text)),
            bytes: match it.place {
                Place::Bytes(bytes) => bytes,
                Place::Key(_) | Place::Value(_) => 0..0,
            },
        })
        .collect();
    shell.answer(&notices(&them, arguments.format, shell.look, &explanation))?;
    if arguments.format == Format::Human {
        let whose = of.called();
        let errors = them.iter().filter(|it| it.severity == Severity::Error).count();
        shell.say(&match (errors, them.len() - errors) {
            (0, 0) => format!("{shown} has what {whose} asks for"),
            (errors, warnings) => {
                format!("{shown}, for {whose}: {}, {}", counted(errors, "error"), counted(warnings, "warning"))
            }
        })?;
    }
    Ok(if them.is_empty() { Answer::Yes } else { Answer::No })
}

/// What to do where there is no such file.
fn missing(shell: &Shell<'_>, arguments: &Check, of: &Project, example: &str) -> String {
    let own = format!(".env.{}", of.called());
    if arguments.path.is_none() && shell.directory.join(&own).is_file() {
        // Compose would not read it, either.
        return format!("`forge env check {own}` looks at that; compose reads it after `--env-file {own}`");
    }
    format!("copy it from {example}, or name another file")
}

/// The names that its owner keeps in an example.
fn kept(example: &str) -> Vec<String> {
    let bodies = keep::bodies(example);
    let block = bodies.get("variables").copied().unwrap_or_default();
    let name = |it: &str| it.trim_start_matches(['#', ' ']).split_once('=').map(|(name, _)| name.trim().to_owned());
    block.lines().filter_map(name).collect()
}
