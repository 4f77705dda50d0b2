//! `forge adopt`.

use std::collections::HashSet;

use super::compared::{Compared, chosen, compared};
use super::project::{counted, valid};
use super::write::remember;
use super::{Answer, Failure, Shell};
use crate::compare::{Change, Kind, Manifest, Record, compare, digest};
use crate::credential::lines_with_credentials;
use crate::targets::Artifact;

/// Take over files that never were forge's, as they are
///
/// From then on such a file counts as an edit of what forge wants there: `forge generate` keeps what is in it, and merges
/// what the spec asks later; `forge diff` shows how it differs. The file itself is not touched. What looks like a credential in it
/// is told.
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
    let Compared { mut disk, manifest, wanted, mut changes, _lock, .. } =
        compared(project, &project.root, true, shell)?;
    // What was ejected is looked at as if it never had been forge's.
    let hands_off = manifest.hands_off();
    let is_ejected = |it: &Artifact| hands_off.of(&it.id, &it.path).is_some();
    let ejected: Vec<Artifact> = wanted.iter().filter(|it| is_ejected(it)).cloned().collect();
    let made: HashSet<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    // Nothing has that place any more: it is only to be forgotten.
    let plain = |it: &String| it.trim_start_matches("./").to_owned();
    let is_left = |it: &String| manifest.ejected.contains_key(it) && !made.contains(it.as_str());
    let (left, rest): (Vec<String>, Vec<String>) = arguments.paths.iter().map(plain).partition(is_left);
    if !left.is_empty() {
        remember(&disk, &[], |manifest| manifest.ejected.retain(|path, _| !left.contains(path)))?;
        for path in &left {
            shell.say(&format!(
                "{:>18} {}: forge makes no such file, so it is yours",
                "dropped",
                path.escape_debug()
            ))?;
        }
        if rest.is_empty() {
            return Ok(Answer::Yes);
        }
    }
    changes.extend(compare(&ejected, &Manifest::default(), |path| disk.find(path), |_| None)?);
    let out: HashSet<&str> = ejected.iter().map(|it| it.path.as_str()).collect();
    let chosen = chosen(&project.root, &changes, &rest, &wanted, &manifest.ejected)?.into_iter();
    let is_adopted = |it: &&Change| it.kind == Kind::Foreign || out.contains(it.path.as_str());
    let paths: HashSet<&str> = chosen.filter(is_adopted).map(|it| it.path.as_str()).collect();
    let adopted: Vec<&Artifact> = wanted.iter().filter(|it| paths.contains(it.path.as_str())).collect();
    if adopted.is_empty() {
        shell.say("nothing to adopt: none of these is there and somebody else's")?;
        return Ok(Answer::Yes);
    }
    let bases: Vec<(String, &str)> = adopted.iter().map(|it| (digest(it.text.as_bytes()), it.text.as_str())).collect();
    remember(&disk, &bases, |manifest| {
        manifest.artifacts.retain(|_, it| !paths.contains(it.path.as_str()));
        for (artifact, (base, _)) in adopted.iter().zip(&bases) {
            manifest.take_back(&artifact.path, &artifact.id);
            let record = Record {
                path: artifact.path.clone(),
                executable: artifact.executable,
                base: base.clone(),
                interrupted: Vec::new(),
            };
            manifest.artifacts.insert(artifact.id.clone(), record);
        }
    })?;
    for artifact in &adopted {
        shell.say(&format!("{:>18} {}", "adopted", artifact.path))?;
    }
    for change in changes.iter().filter(|it| paths.contains(it.path.as_str())) {
        let text = String::from_utf8_lossy(change.found.as_deref().unwrap_or_default());
        let lines: Vec<String> = lines_with_credentials(&text).iter().map(ToString::to_string).collect();
        if !lines.is_empty() {
            shell.insist(&format!(
                "warning: {}: what looks like a credential stands on line {}: take it out before you commit the file, and give those who have to know it another one",
                change.path,
                lines.join(", ")
            ))?;
        }
    }
    shell
        .say(&format!("{} taken over as edits: `forge diff` shows how they differ", counted(adopted.len(), "file")))?;
    Ok(Answer::Yes)
}
