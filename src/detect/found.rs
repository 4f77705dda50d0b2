//! What was found, with where each fact comes from and how sure it is.

use indexmap::IndexMap;
use serde::Serialize;

pub use crate::catalog::Confidence;

/// Where something stands, or why it is taken to be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The file, relative to the folder that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Why, where the place does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Evidence {
    /// A place in a file.
    pub fn place(file: impl Into<String>, line: Option<usize>) -> Evidence {
        Evidence { file: Some(file.into()), line, why: None }
    }

    /// Words alone.
    pub fn why(words: impl Into<String>) -> Evidence {
        Evidence { file: None, line: None, why: Some(words.into()) }
    }

    /// The same with words.
    #[must_use]
    pub fn because(self, words: impl Into<String>) -> Evidence {
        Evidence { why: Some(words.into()), ..self }
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}")?,
            (Some(file), None) => f.write_str(file)?,
            (None, _) => return f.write_str(self.why.as_deref().unwrap_or("a default")),
        }
        match &self.why {
            Some(why) => write!(f, " ({why})"),
            None => Ok(()),
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// What it is.
    pub value: T,
    /// Where that comes from; the first is what decided.
    pub evidence: Vec<Evidence>,
    /// How sure it is.
    pub confidence: Confidence,
}

impl<T> Fact<T> {
    /// A fact with one reason.
    pub fn new(value: T, evidence: Evidence, confidence: Confidence) -> Fact<T> {
        Fact { value, evidence: vec![evidence], confidence }
    }

    /// The same about another value.
    pub fn with<U>(&self, value: U) -> Fact<U> {
        Fact { value, evidence: self.evidence.clone(), confidence: self.confidence }
    }

    /// Its first reason, in words.
    pub fn because(&self) -> String {
        self.evidence.first().map(ToString::to_string).unwrap_or_default()
    }
}

/// Everything that was found in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The programs.
    pub services: Vec<Service>,
    /// The databases, caches and queues that they need or may use.
    pub backings: Vec<Backing>,
    /// What else there is to say.
    pub notes: Vec<Evidence>,
    /// What somebody has to mend or say before all of it can run.
    pub open: Vec<Evidence>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// What it is called.
    pub name: Fact<String>,
    /// Its folder; the root is `.`.
    pub path: String,
    /// The folder that its image is built from; that of the workspace it is a member of.
    pub context: String,
    /// Which program of its folder it is, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The stack that builds it.
    pub stack: Fact<String>,
    /// What it is written in.
    pub language: String,
    /// The version that is asked for, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Fact<String>>,
    /// The lock file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<String>,
    /// Options of the stack, `framework` and `package_manager` among them.
    pub options: IndexMap<String, Fact<String>>,
    /// `web`, `static`, `worker`, `grpc` or `script`; what is none of them is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Fact<String>>,
    /// The port that it listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Fact<u16>>,
    /// The variable that says on which port to listen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_variable: Option<Fact<String>>,
    /// How it is started: the command that somebody wrote down; the stack's own, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Fact<Start>>,
    /// The path that says that it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Fact<String>>,
    /// What brings its database to the newest shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrate: Option<Fact<String>>,
    /// What it needs, by the name of the backing or service.
    pub needs: IndexMap<String, Need>,
    /// Variables that it reads, by name.
    pub variables: IndexMap<String, Fact<Variable>>,
    /// Debian packages: for the build, and for the image that runs.
    pub packages: IndexMap<String, Fact<PackageUse>>,
    /// Folders that an image or compose file keeps on volumes.
    pub volumes: Vec<Fact<String>>,
    /// Files that it keeps its data in, from the folder that it is started in.
    pub data: Vec<Fact<String>>,
    /// Rules for generated files that it cannot keep, by name, each with the reason.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub exceptions: IndexMap<String, Fact<String>>,
    /// What its own Dockerfile says that nothing else here does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<Dockerfile>,
    /// The service whose image it runs with another command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Paths that it answers where several services share an address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Fact<String>>,
    /// Another language in the same program, such as a front end that is built into it.
    pub also: Vec<Fact<String>>,
}

/// How a program is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The command as written, on one line.
    pub text: String,
    /// The words of what runs at last, without what only finds it; empty where a shell is needed to know them.
    pub words: Vec<String>,
    /// What runs before it.
    pub before: Vec<String>,
    /// The folder that it changes to first, from its own; empty, where it changes to none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// Variables that are set for it alone: passwords can be among them, and so nobody is shown them.
    #[serde(skip)]
    pub environment: Vec<(String, String)>,
    /// Whether it stays as it is written, where the stack could start the program itself; nothing, where the stack does not say.
    #[serde(skip)]
    pub kept: Option<bool>,
}

/// Why a service calls something, and how it learns where that is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Variables, by name, and which output goes into each.
    pub environment: IndexMap<String, String>,
}

/// A variable that a program reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its value; never one of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether it holds a secret.
    pub secret: bool,
    /// Whether an env file gives it a value.
    pub given: bool,
    /// Whether it has this value wherever the program runs.
    pub set: bool,
    /// Whether the program ends without it.
    pub required: bool,
    /// Whether the program takes it for a whole number.
    pub number: bool,
    /// Whether the program has a value of its own where nobody gives it one.
    pub optional: bool,
}

/// Where a package of the system is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageUse {
    /// While dependencies are installed.
    Build,
    /// In the image that runs.
    Run,
}

/// A Dockerfile that somebody wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dockerfile {
    /// Its path.
    pub file: String,
    /// How many stages it has.
    pub stages: usize,
    /// What its last stage is built on.
    pub base: String,
    /// Who runs it; root, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A database, cache or queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backing {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: Fact<String>,
    /// Its version, where somebody named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Fact<String>>,
    /// What it is used for, where the kind knows several uses.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<Fact<String>>,
    /// Whether nothing says that it has to be there: a program can use it.
    pub optional: bool,
}
