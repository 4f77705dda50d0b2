//! What forge remembers of the files that it wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Sources;

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
    /// The paths of files that forge has no more to do with: somebody ejected them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ejected: BTreeSet<String>,
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
        self.ejected.extend(stopped.ejected);
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
        let ejected = &self.ejected;
        self.artifacts.retain(|_, it| !ejected.contains(&it.path));
        self
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

/// The SHA-256 of `bytes` in hexadecimal digits, which is also the name of a base text.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, it| {
        write!(text, "{it:02x}").expect("a string grows");
        text
    })
}
