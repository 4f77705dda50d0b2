//! What forge remembers of the files that it wrote.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::Sources;
use crate::targets::{Artifact, Extent};

/// The format of the manifest that this forge writes.
pub const MANIFEST_VERSION: u32 = 1;

/// What forge wrote, as `.forge/manifest.json` keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file's format.
    pub version: u32,
    /// The forge that wrote it.
    pub forge: String,
    /// What it made them of; `None` where an older forge did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Sources>,
    /// Files by what they are: `dockerfile:api`.
    pub artifacts: BTreeMap<String, Record>,
    /// The paths of files that forge has no more to do with, since somebody ejected them, each with what it was; `None`
    /// where an older forge did not say.
    #[serde(default, deserialize_with = "ejected", skip_serializing_if = "BTreeMap::is_empty")]
    pub ejected: BTreeMap<String, Option<String>>,
    /// The paths of files that it names and whose base text is not there, so that they count as never forge's.
    #[serde(skip)]
    pub lost: BTreeSet<String>,
}

/// One file that forge wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Where it lies, relative to the project.
    pub path: String,
    /// Whether it is a program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
    /// The SHA-256 of the text that forge last wanted, in hexadecimal digits; that text is in `.forge/base/`.
    pub base: String,
    /// The SHA-256 of each text that a run wanted which was stopped before its end: it may or may not be on the disk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interrupted: Vec<String>,
}

impl Record {
    /// Whether `bytes` are what forge wrote.
    pub(super) fn is_forges(&self, bytes: &[u8]) -> bool {
        let digest = digest(bytes);
        digest == self.base || self.interrupted.contains(&digest)
    }
}

impl Manifest {
    /// Its text, as the file holds it.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data is JSON") + "\n"
    }

    /// The same as the forge of `other` would have written it of the same sources as that.
    #[must_use]
    pub fn as_written_by(self, other: &Manifest) -> Manifest {
        Manifest { version: other.version, forge: other.forge.clone(), sources: other.sources.clone(), ..self }
    }

    /// Adds what a run that was stopped before its end wanted to remember: the files on the disk are each what they were
    /// before it, or what it wrote.
    #[must_use]
    pub fn interrupted(mut self, stopped: Manifest) -> Manifest {
        for (path, id) in stopped.ejected {
            let known = self.ejected.entry(path).or_default();
            *known = known.take().or(id);
        }
        // By path: what an artifact is may have moved elsewhere in that run.
        let mut known: BTreeMap<String, &mut Record> =
            self.artifacts.values_mut().map(|it| (it.path.clone(), it)).collect();
        let mut unknown = Vec::new();
        for (id, mut record) in stopped.artifacts {
            let texts = std::mem::take(&mut record.interrupted).into_iter().chain([record.base.clone()]);
            match known.get_mut(&record.path) {
                Some(known) => known.interrupted.extend(texts),
                None => {
                    record.interrupted = texts.collect();
                    unknown.push((id, record));
                }
            }
        }
        for (id, record) in unknown {
            let id = if self.artifacts.contains_key(&id) { format!("{id}@{}", record.path) } else { id };
            self.artifacts.insert(id, record);
        }
        // Of two branches, one can have ejected what the other still has.
        self.forget_ejected();
        self
    }

    /// What is out of forge's hands.
    pub fn hands_off(&self) -> HandsOff<'_> {
        let ids = self.ejected.iter().filter_map(|(path, id)| Some((id.as_deref()?, path.as_str()))).collect();
        HandsOff { paths: &self.ejected, ids }
    }

    /// Puts files out of forge's hands, each by its path and what it is, wherever it was before.
    pub fn eject<'a>(&mut self, files: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let ids: HashMap<&str, &str> = files.into_iter().map(|(path, id)| (id, path)).collect();
        self.ejected.retain(|_, id| !id.as_deref().is_some_and(|it| ids.contains_key(it)));
        self.ejected.extend(ids.into_iter().map(|(id, path)| (path.to_owned(), Some(id.to_owned()))));
        self.forget_ejected();
    }

    /// Takes a file back into forge's hands.
    pub fn take_back(&mut self, path: &str, id: &str) {
        self.ejected.retain(|at, of| at != path && of.as_deref() != Some(id));
    }

    /// What these artifacts are is remembered with the paths that they were ejected at.
    pub fn name_ejected(&mut self, wanted: &[Artifact]) {
        let ids: HashSet<&str> = wanted.iter().map(|it| it.id.as_str()).collect();
        for it in wanted.iter().filter(|it| it.extent == Extent::File) {
            // What was there and is wanted elsewhere now stays ejected, too.
            if let Some(id) =
                self.ejected.get_mut(&it.path).filter(|id| !id.as_deref().is_some_and(|id| ids.contains(id)))
            {
                *id = Some(it.id.clone());
            }
        }
    }

    /// Forgets what forge wrote where it is out of its hands.
    fn forget_ejected(&mut self) {
        let mut artifacts = std::mem::take(&mut self.artifacts);
        let hands_off = self.hands_off();
        artifacts.retain(|id, it| hands_off.of(id, &it.path).is_none());
        self.artifacts = artifacts;
    }

    /// The same without what stopped runs wanted, and what was deleted: every file is as this one says.
    #[must_use]
    pub fn settled(mut self) -> Manifest {
        // An `@` marks what has moved on, or is gone by now.
        self.artifacts.retain(|id, _| !id.contains('@'));
        self.artifacts.values_mut().for_each(|it| it.interrupted.clear());
        self
    }
}

/// What is out of forge's hands: files at their paths, and what they were, also under another path.
pub struct HandsOff<'m> {
    paths: &'m BTreeMap<String, Option<String>>,
    ids: HashMap<&'m str, &'m str>,
}

impl HandsOff<'_> {
    /// The path at which an artifact with this id was ejected, or any that had this path.
    pub fn of(&self, id: &str, path: &str) -> Option<&str> {
        let here = self.paths.get_key_value(path).map(|(path, _)| path.as_str());
        here.or_else(|| self.ids.get(id).copied())
    }
}

/// Ejected files by path, or in the form of an older forge, which only listed paths.
fn ejected<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Option<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Paths(Vec<String>),
        ById(BTreeMap<String, Option<String>>),
    }
    Ok(match Form::deserialize(from)? {
        Form::Paths(paths) => paths.into_iter().map(|it| (it, None)).collect(),
        Form::ById(them) => them,
    })
}

/// The SHA-256 of `bytes` in hexadecimal digits, which is also the name of a base text.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, it| {
        write!(text, "{it:02x}").expect("a string grows");
        text
    })
}
