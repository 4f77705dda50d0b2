//! `forge adopt`.

use super::generate::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::write::remember;
use super::{Answer, Failure, Shell};
use crate::compare::{Kind, Manifest, Record, compare, digest};
use crate::targets::Artifact;

/// Take over files that never were forge's, as they are
///
/// From then on such a file counts as an edit of what forge wants there: `forge generate` keeps what is in it, and merges
/// what the spec asks later; `forge diff` shows how it differs. The file itself is not touched.
///
/// Ends with 0 when the files are forge's, and with 2 when forge makes no such file.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files, or folders with all that is below them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let Compared { mut disk, mut manifest, wanted, mut changes, _lock } =
        compared(project, &project.root, true, shell)?;
    // What was ejected is looked at as if it never had been forge's.
    let ejected: Vec<Artifact> = wanted.iter().filter(|it| manifest.ejected.contains(&it.id)).cloned().collect();
    changes.extend(compare(&ejected, &Manifest::default(), |path| disk.find(path), |_| None)?);
    let chosen = chosen(&changes, &arguments.paths, &wanted)?;
    let mut bases = Vec::new();
    for artifact in &wanted {
        let Some(change) = chosen.iter().find(|it| it.path == artifact.path) else { continue };
        let taken_back = manifest.ejected.remove(&artifact.id);
        if change.kind != Kind::Foreign && !taken_back {
            continue;
        }
        let base = digest(artifact.text.as_bytes());
        let record = Record {
            path: artifact.path.clone(),
            executable: artifact.executable,
            base: base.clone(),
            interrupted: Vec::new(),
        };
        manifest.artifacts.insert(artifact.id.clone(), record);
        bases.push((base, artifact.text.as_str()));
        shell.say(&format!("{:>18} {}", "adopted", artifact.path))?;
    }
    if bases.is_empty() {
        shell.say("nothing to adopt: none of these is there and somebody else's")?;
        return Ok(Answer::Yes);
    }
    remember(&disk, &manifest, &bases)?;
    shell.say(&format!("{} taken over as edits: `forge diff` shows how they differ", counted(bases.len(), "file")))?;
    Ok(Answer::Yes)
}
