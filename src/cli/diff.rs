//! `forge diff`.

use super::compared::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::state::kept;
use super::write::state_changes;
use super::{Answer, Failure, Shell};
use crate::compare::{Change, Kind};
use crate::report::changes::{human, json, markdown, names, stat, unified};
use crate::schema;

/// Show how the files differ from what the spec asks for, and why
///
/// For each file the reason comes first: the spec moved, or somebody edited it. Then a unified diff: `+` is what
/// `forge generate` would write, and for an edit what somebody wrote.
///
/// Ends with 0 when nothing differs, with 1 when something does, and with 2 when that could not be found out.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Count only what `forge generate` would change: edits that it keeps are no difference
    #[arg(long)]
    check: bool,
    /// Only these files, or those below these folders
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// What a diff looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Reasons and unified diffs
    Human,
    /// A line for each file, with the reason
    Names,
    /// One patch of what `forge generate` would do, for `patch -p1`
    Unified,
    /// How many lines come and go in each file
    Stat,
    /// For a comment on a pull request, with files that open and close
    Markdown,
    /// One JSON document
    Json,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let Compared { disk, manifest, mut changes, wanted, .. } = compared(project, &project.root, false, shell)?;
    changes = chosen(&changes, &arguments.paths, &wanted)?.into_iter().cloned().collect();
    if arguments.paths.is_empty() && !changes.iter().any(Change::is_due) {
        let schema = schema::text(&project.catalog.choices());
        changes.extend(state_changes(&disk, &changes, &wanted, &manifest, &kept(&schema)));
    }
    changes.retain(|it| it.kind != Kind::Same);
    if arguments.check {
        changes.retain(|it| it.kind != Kind::Edited || it.mode);
    }
    let text = match arguments.format {
        Format::Human => human(&changes, shell.look.color),
        Format::Names => names(&changes),
        Format::Unified => unified(&changes),
        Format::Stat => stat(&changes),
        Format::Markdown => markdown(&changes),
        Format::Json => json(&changes),
    };
    shell.answer(&text)?;
    if changes.is_empty() {
        if arguments.format == Format::Human {
            shell.say("nothing differs")?;
        }
        return Ok(Answer::Yes);
    }
    if arguments.format == Format::Human {
        let edits = changes
            .iter()
            .filter(|it| {
                matches!(it.kind, Kind::Edited | Kind::Merged | Kind::Conflict | Kind::Unmergeable | Kind::Orphaned)
            })
            .count();
        let kept =
            if edits == 0 { String::new() } else { format!(", {edits} of them edited: `forge generate` keeps edits") };
        shell.say(&format!(
            "{} differ{}{kept}",
            counted(changes.len(), "file"),
            if changes.len() == 1 { "s" } else { "" }
        ))?;
    }
    Ok(Answer::No)
}
