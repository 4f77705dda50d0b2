//! `forge eject`.

use std::collections::HashSet;

use super::compared::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::write::remember;
use super::{Answer, Failure, Shell};
use crate::targets::{Artifact, Extent};

/// Take files out of forge's hands, as they are
///
/// forge has no more to do with such a file: it neither writes nor compares nor deletes it, and a file that is not there
/// stays away. `forge adopt` takes it back. The file itself is not touched.
///
/// Ends with 0 when the files are out of forge's hands, and with 2 when forge makes no such file.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files, or folders with all that is below them; without any, those are listed that are out of forge's hands
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let Compared { disk, wanted, changes, manifest, _lock, .. } = compared(project, &project.root, true, shell)?;
    if arguments.paths.is_empty() {
        let lines: String = manifest.ejected.iter().map(|it| format!("{}\n", it.escape_debug())).collect();
        shell.answer(&lines)?;
        if lines.is_empty() {
            shell.say("every file that forge makes is in its hands")?;
        }
        return Ok(Answer::Yes);
    }
    let known = |it: &String| manifest.ejected.contains(it.trim_start_matches("./"));
    if arguments.paths.iter().all(known) {
        shell.say("nothing to eject: it is out of forge's hands already")?;
        return Ok(Answer::Yes);
    }
    let chosen = chosen(&project.root, &changes, &arguments.paths, &wanted)?.into_iter();
    let paths: HashSet<&str> = chosen.map(|it| it.path.as_str()).collect();
    let is_ejected = |it: &&Artifact| it.extent == Extent::File && paths.contains(it.path.as_str());
    let ejected: Vec<&Artifact> = wanted.iter().filter(is_ejected).collect();
    if ejected.is_empty() {
        let help = "lines that forge needs in somebody else's file, and what it wants no more, cannot be ejected";
        return Err(Failure::input("there is nothing to eject", help));
    }
    remember(&disk, &[], |manifest| {
        manifest.ejected.extend(ejected.iter().map(|it| it.path.clone()));
        let ejected = &manifest.ejected;
        manifest.artifacts.retain(|_, it| !ejected.contains(&it.path));
    })?;
    for artifact in &ejected {
        shell.say(&format!("{:>18} {}", "ejected", artifact.path))?;
    }
    shell.say(&format!("{} out of forge's hands; `forge adopt` takes back", counted(ejected.len(), "file")))?;
    Ok(Answer::Yes)
}
