//! `forge eject`.

use std::collections::{HashMap, HashSet};

use super::compared::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::write::remember;
use super::{Answer, Failure, Shell};
use crate::compare::{Manifest, compare};
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
    pub(super) paths: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let Compared { mut disk, wanted, mut changes, manifest, _lock, .. } =
        compared(project, &project.root, true, shell)?;
    let hands_off = manifest.hands_off();
    if arguments.paths.is_empty() {
        let text: String = lines(&manifest, &wanted).iter().map(|it| format!("{it}\n")).collect();
        shell.answer(&text)?;
        if text.is_empty() {
            shell.say("every file that forge makes is in its hands")?;
        }
        return Ok(Answer::Yes);
    }
    // What was ejected elsewhere, and has another path by now, is ejected there.
    let out: Vec<Artifact> = wanted.iter().filter(|it| hands_off.of(&it.id, &it.path).is_some()).cloned().collect();
    changes.extend(compare(&out, &Manifest::default(), |path| disk.find(path), |_| None)?);
    let is_out = |it: &str| manifest.ejected.contains_key(it.trim_start_matches("./"));
    let paths: Vec<String> = arguments.paths.iter().filter(|it| !is_out(it)).cloned().collect();
    if paths.len() < arguments.paths.len() {
        let done: Vec<&str> = arguments.paths.iter().map(String::as_str).filter(|it| is_out(it)).collect();
        let verb = if done.len() == 1 { "is" } else { "are" };
        shell.say(&format!("{} {verb} out of forge's hands already", done.join(", ").escape_debug()))?;
        if paths.is_empty() {
            return Ok(Answer::Yes);
        }
    }
    let chosen = chosen(&project.root, &changes, &paths, &wanted, &manifest.ejected)?.into_iter();
    let paths: HashSet<&str> = chosen.map(|it| it.path.as_str()).collect();
    let files = wanted.iter().filter(|it| it.extent == Extent::File && paths.contains(it.path.as_str()));
    let files: Vec<&Artifact> = files.collect();
    if files.is_empty() {
        let help = "lines that forge needs in somebody else's file, and what it wants no more, cannot be ejected";
        return Err(Failure::input("there is nothing to eject", help));
    }
    let ejected: Vec<&Artifact> = files.into_iter().filter(|it| !is_out(&it.path)).collect();
    if ejected.is_empty() {
        shell.say("nothing to eject: it is out of forge's hands already")?;
        return Ok(Answer::Yes);
    }
    remember(&disk, &[], |manifest| manifest.eject(ejected.iter().map(|it| (it.path.as_str(), it.id.as_str()))))?;
    for artifact in &ejected {
        shell.say(&format!("{:>18} {}", "ejected", artifact.path))?;
    }
    shell.say(&format!("{} out of forge's hands; `forge adopt` takes back", counted(ejected.len(), "file")))?;
    Ok(Answer::Yes)
}

/// The paths that are out of forge's hands, with what has become of those that forge would not write any more.
fn lines(manifest: &Manifest, wanted: &[Artifact]) -> Vec<String> {
    let paths: HashSet<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    let by_id: HashMap<&str, &str> = wanted.iter().map(|it| (it.id.as_str(), it.path.as_str())).collect();
    let line = |(path, id): (&String, &Option<String>)| {
        let shown = path.escape_debug();
        match id.as_deref().and_then(|it| by_id.get(it)) {
            _ if paths.contains(path.as_str()) => shown.to_string(),
            Some(now) => format!("{shown} (the spec wants {now} now)"),
            None => {
                format!("{shown} (forge makes no such file any more: `forge adopt {shown}` drops it from this list)")
            }
        }
    };
    manifest.ejected.iter().map(line).collect()
}
