//! Secrets, with what has to be done where their values change.

use serde::Serialize;

pub use crate::spec::{Alphabet, SecretFormat};

/// A value that is a file on the host, or that an orchestrator keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Where the value comes from.
    pub source: Source,
    /// What is checked about a value that is not made here.
    pub format: Option<SecretFormat>,
    /// The backing whose password or key it is.
    pub rotation: Option<Rotation>,
}

/// Where the value of a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Source {
    /// It is made on the host.
    Generated {
        /// How many characters.
        length: u32,
        /// Which characters.
        alphabet: Alphabet,
    },
    /// Somebody supplies it.
    Supplied {
        /// What is asked for.
        hint: String,
    },
    /// Docker Swarm keeps it.
    External {
        /// What it is called there.
        name: String,
    },
    /// Vault has it.
    Vault {
        /// The mount and the path below it.
        path: String,
        /// Which of the values there.
        key: String,
    },
    /// An encrypted file of the project has it.
    Sops {
        /// The file.
        file: String,
        /// The keys that lead to the value.
        key: Vec<String>,
    },
    /// An encrypted file of the project is it.
    Age {
        /// The file.
        file: String,
    },
}

/// How a backing gets another value of a secret. With nothing to tell, and no look at the file at a start, it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// Its container.
    pub container: String,
    /// What tells the running server of the value on its standard input, as a script for a shell of the container.
    pub tell: Option<String>,
    /// What makes it forget the old value, in the same way.
    pub forget: Option<String>,
    /// Whether it takes the value from the file at each start.
    pub at_start: bool,
    /// What somebody has to do instead, where no script can.
    pub by_hand: Option<String>,
    /// Whether `tell` comes in with the old value or the new one, and with nothing else.
    pub needs_old: bool,
    /// Why nobody has seen it done, where that is so.
    pub unproven: Option<String>,
}

impl Secret {
    /// One that is made on the host.
    pub fn generated(length: u32) -> Secret {
        Secret::of(Source::Generated { length, alphabet: Alphabet::Hex })
    }

    /// One that somebody supplies.
    pub fn supplied(hint: impl Into<String>) -> Secret {
        Secret::of(Source::Supplied { hint: hint.into() })
    }

    /// One from a source, of which nothing else is known.
    pub fn of(source: Source) -> Secret {
        Secret { source, format: None, rotation: None }
    }

    /// Whether its value is in a file below `secrets/`.
    pub fn is_file(&self) -> bool {
        !matches!(self.source, Source::External { .. })
    }

    /// The encrypted file of the project that has it.
    pub fn encrypted(&self) -> Option<&str> {
        match &self.source {
            Source::Sops { file, .. } | Source::Age { file } => Some(file),
            _ => None,
        }
    }
}
