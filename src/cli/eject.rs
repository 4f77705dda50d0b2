//! `forge eject`.

use super::generate::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::write::remember;
use super::{Answer, Failure, Shell};
use crate::targets::Extent;

/// Take files out of forge's hands, as they are
///
/// forge has no more to do with such a file: it neither writes nor compares nor deletes it, and a file that is not there
/// stays away. `forge adopt` takes it back. The file itself is not touched.
///
/// Ends with 0 when the files are out of forge's hands, and with 2 when forge makes no such file.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files, or folders with all that is below them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let Compared { disk, mut manifest, wanted, changes, _lock } = compared(project, &project.root, true, shell)?;
    let chosen = chosen(&changes, &arguments.paths, &wanted)?;
    let mut count = 0;
    for artifact in wanted.iter().filter(|it| it.extent == Extent::File) {
        if chosen.iter().any(|it| it.path == artifact.path) {
            manifest.artifacts.remove(&artifact.id);
            manifest.ejected.insert(artifact.id.clone());
            shell.say(&format!("{:>18} {}", "ejected", artifact.path))?;
            count += 1;
        }
    }
    if count == 0 {
        let help = "lines that forge needs in somebody else's file cannot be ejected";
        return Err(Failure::input("there is nothing to eject", help));
    }
    remember(&disk, &manifest, &[])?;
    shell.say(&format!("{} out of forge's hands; `forge adopt` takes back", counted(count, "file")))?;
    Ok(Answer::Yes)
}
