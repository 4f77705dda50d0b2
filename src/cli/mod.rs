//! The shell around the core: arguments, disk, terminal, exit codes. One file for each command.

mod add;
mod adopt;
mod compared;
mod completions;
mod diff;
mod disk;
mod eject;
mod ends;
mod env;
mod explain;
mod generate;
mod init;
mod lacks;
mod lint;
mod lock;
mod lockfile;
mod man;
mod once;
mod pager;
mod project;
mod raised;
mod registry;
mod releases;
mod revision;
mod schema;
mod secrets;
mod stacks;
mod state;
mod strangers;
mod templates;
mod validate;
mod write;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use crate::credential::visible;
use crate::diagnostic::did_you_mean;
use crate::report::Look;

/// One declarative spec in, everything a set of services needs in production out
///
/// forge reads `forge.yaml` and writes hardened Dockerfiles, compose files, the nginx gateway and what belongs to
/// them. Run it again after every change: it knows which files are its own, and keeps what people edited.
#[derive(Debug, Parser)]
#[command(name = "forge", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    /// Work in this folder instead of the current one
    #[arg(
        short = 'C',
        long = "directory",
        global = true,
        value_name = "DIR",
        default_value = ".",
        help_heading = "Everywhere"
    )]
    directory: PathBuf,
    /// Read this spec, relative to the folder
    #[arg(
        short = 'f',
        long = "file",
        global = true,
        value_name = "FILE",
        default_value = "forge.yaml",
        help_heading = "Everywhere"
    )]
    file: PathBuf,
    /// Say only what is asked for and what is wrong
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Everywhere")]
    verbose: bool,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto, help_heading = "Everywhere")]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Add(add::Arguments),
    Validate(validate::Arguments),
    Generate(generate::Arguments),
    Diff(diff::Arguments),
    Adopt(adopt::Arguments),
    Eject(eject::Arguments),
    Lint(lint::Arguments),
    Env(env::Arguments),
    Lock(lock::Arguments),
    Explain(explain::Arguments),
    Stacks(stacks::Arguments),
    Secrets(secrets::Arguments),
    Templates(templates::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// What a command found out: the two answers that are no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to say: exit code 0.
    Yes,
    /// Files differ, findings, an invalid spec where that was the question: exit code 1.
    No,
}

/// Whom an answer is for, where nobody else reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON document, for programs
    Json,
}

/// A command could not do its work: exit code 2.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be: what is wrong, and what to do.
    Input {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// What is wrong was told in a report already.
    Told,
    /// The system refused.
    Io {
        /// What forge was about to do: `write compose.yaml`.
        doing: String,
        /// Why it could not.
        source: io::Error,
    },
}

impl Failure {
    /// Somebody named what there is not: with the nearest of `known`, or else with `otherwise`.
    fn unknown<'a>(message: &str, name: &str, known: impl IntoIterator<Item = &'a str>, otherwise: &str) -> Failure {
        let nearest = did_you_mean(name, known).map(|it| format!("did you mean `{it}`?"));
        Failure::input(format!("{message} `{}`", name.escape_debug()), nearest.unwrap_or_else(|| otherwise.to_owned()))
    }

    fn input(message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Input { message: message.into(), help: Some(help.into()) }
    }

    fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
        let doing = doing.into();
        |source| Failure::Io { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input { message, help: Some(help) } => {
                write!(f, "error: {}\n  = help: {}", visible(message), visible(help))
            }
            Failure::Input { message, help: None } => write!(f, "error: {}", visible(message)),
            Failure::Told => Ok(()),
            Failure::Io { doing, source } => write!(f, "error: cannot {doing}: {source}"),
        }
    }
}

/// What commands are given: the arguments for everyone, and where to write.
pub(crate) struct Shell<'a> {
    directory: PathBuf,
    file: PathBuf,
    quiet: bool,
    verbose: bool,
    /// Whether standard output is a terminal.
    is_terminal: bool,
    /// For what goes to standard output.
    look: Look,
    /// For what goes to standard error.
    talk_look: Look,
    out: &'a mut dyn Write,
    talk: &'a mut dyn Write,
}

impl Shell<'_> {
    /// Writes the answer.
    fn answer(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(Failure::io("write the answer"))
    }

    /// Writes talk, unless told to be quiet.
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.insist(text) }
    }

    /// Writes what has to be known, even if told to be quiet.
    fn insist(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.talk, "{}", visible(text)).map_err(Failure::io("write to standard error"))
    }
}

/// Runs the program: arguments from the command line, the exit code as the answer.
pub fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // For clap `--help` behind `help` is the name of a command that there is not.
    if let [_, help, rest @ ..] = words.as_mut_slice()
        && help == "help"
    {
        rest.iter_mut().filter(|it| *it == "--help" || *it == "-h").for_each(|it| *it = "help".into());
    }
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is no error, here neither.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let width = terminal_width();
    let color = |is_terminal: bool| match arguments.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            is_terminal
                && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
                && std::env::var_os("TERM").is_none_or(|it| it != "dumb")
        }
    };
    // Each thread keeps memory of its own, and more than two save little: the rest is one file after the other.
    // Who sets rayon's own variable has the say, which it has where no number is given.
    let threads = if std::env::var_os("RAYON_NUM_THREADS").is_some() { 0 } else { 2 };
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut talk = io::stderr().lock();
    let mut shell = Shell {
        directory: arguments.directory,
        file: arguments.file,
        quiet: arguments.quiet,
        verbose: arguments.verbose,
        is_terminal: io::stdout().is_terminal(),
        look: Look { color: color(io::stdout().is_terminal()), width },
        talk_look: Look { color: color(io::stderr().is_terminal()), width },
        out: &mut out,
        talk: &mut talk,
    };
    let answer = match arguments.command {
        Command::Init(it) => init::run(&it, &mut shell),
        Command::Add(it) => add::run(&it, &mut shell),
        Command::Validate(it) => validate::run(&it, &mut shell),
        Command::Generate(it) => generate::run(&it, &mut shell),
        Command::Diff(it) => diff::run(&it, &mut shell),
        Command::Adopt(it) => adopt::run(&it, &mut shell),
        Command::Eject(it) => eject::run(&it, &mut shell),
        Command::Lint(it) => lint::run(&it, &mut shell),
        Command::Env(it) => env::run(&it, &mut shell),
        Command::Lock(it) => lock::run(&it, &mut shell),
        Command::Explain(it) => explain::run(&it, &mut shell),
        Command::Stacks(it) => stacks::run(&it, &mut shell),
        Command::Secrets(it) => secrets::run(&it, &mut shell),
        Command::Templates(it) => templates::run(&it, &mut shell),
        Command::Schema(it) => schema::run(&it, &mut shell),
        Command::Completions(it) => completions::run(&it, &mut shell),
        Command::Man(it) => man::run(&it, &mut shell),
    };
    let answer = answer.and_then(|it| shell.out.flush().map(|()| it).map_err(Failure::io("write the answer")));
    match answer {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        // Who closed the pipe has seen enough.
        Err(Failure::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                let _ = writeln!(shell.talk, "{text}");
            }
            ExitCode::from(2)
        }
    }
}

fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let real = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(real).filter(|it| (40..=400).contains(it)).unwrap_or(110)
}
