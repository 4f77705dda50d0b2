//! How stacks and backings are recognised in somebody's folder: `detect.yaml` beside `stack.yaml` and `backing.yaml`, and
//! `templates/detect.yaml` for what belongs to none of them. Only `forge init` and `forge add` read these files.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BUILT_IN;
use crate::diagnostic::Broken;
use crate::yaml;

/// Everything that forge recognises.
#[derive(Debug, Clone)]
pub struct Detection {
    /// What belongs to no stack and no backing.
    pub common: Common,
    /// By the name of the stack.
    pub stacks: BTreeMap<String, StackDetection>,
    /// By the kind of the backing.
    pub backings: BTreeMap<String, BackingDetection>,
}

/// What belongs to no stack and no backing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Names of folders that are never looked into: dependencies, outputs, version control.
    pub skip: Vec<String>,
    /// Names of folders whose programs nobody deploys: tests, examples, documentation.
    pub aside: Vec<String>,
    /// Names of programs that people run by hand; patterns.
    pub tools: Vec<String>,
    /// Names of programs that run beside others and listen nowhere; patterns.
    pub workers: Vec<String>,
    /// What puts a path before those of routes that are written elsewhere; patterns over code.
    pub mounts: Vec<String>,
    /// What stands before the path of a route that is the application's own beside such mounts; patterns over the code up to it.
    pub own_routes: Vec<String>,
    /// Beginnings of a command that only find the program which comes after them: `poetry run`.
    pub wrappers: Vec<String>,
    /// Who runs a script that the manifest has under a name, which is the first group: `npm run`.
    pub runners: Vec<String>,
    /// Programs that start others and watch over them, as the engine does here.
    pub supervisors: Vec<Supervisor>,
    /// Variables that hold flags for a program, by name, with that program.
    pub flags: IndexMap<String, String>,
    /// Flags that a command goes without here: patterns over it.
    pub needless_flags: Vec<String>,
    /// Names of variables that say on which address to listen; patterns.
    pub hosts: Vec<String>,
    /// Those of `hosts` that say so where no value shows it; patterns.
    pub sure_hosts: Vec<String>,
    /// Names of variables that can say so with the port; patterns.
    pub listens: Vec<String>,
    /// Programs that prepare, and then run what comes after them; patterns, beside `wrappers`.
    pub entrypoints: Vec<String>,
    /// Names of env files that are committed on purpose; what is in the first is not asked of those after it.
    pub env_files: Vec<String>,
    /// Names of env files that are one person's: they say that there is a variable, and not what it holds.
    pub own_env_files: Vec<String>,
    /// Options of stacks that a spec says where they are the default, too.
    pub said: Vec<String>,
    /// Commands that only developers run: reloaders, bundlers that watch.
    pub development: Vec<String>,
    /// Commands that bring a database to its newest shape.
    pub migrations: Vec<String>,
    /// What says that data lie in a file of its own, so that no server is needed for them.
    pub embedded: Vec<String>,
    /// Places that name such a file; the first group is its path from where the program is started.
    pub files: Vec<String>,
    /// Images of compose services that a spec has no use for, by why that is.
    pub images: IndexMap<String, Vec<String>>,
    /// Dockerfiles by their paths, wherever people put them: patterns; the first group is the name of what they build.
    pub dockerfiles: Vec<String>,
    /// Names of folders and of Dockerfiles that say nothing about what is built.
    pub nameless: Vec<String>,
    /// Dockerfiles that only developers and tests build: patterns over their paths.
    pub development_dockerfiles: Vec<String>,
    /// Paths that ask for health: a pattern over quoted routes; the first group is the path.
    pub health: Vec<String>,
    /// What of these paths is none: files and folders of a system.
    pub no_routes: Vec<String>,
    /// Places where programs name the variables that they read, the first group; the next one that is there is the value otherwise.
    pub reads: Vec<String>,
    /// Places of that kind that end the program where the variable is not set.
    pub demands: Vec<String>,
    /// Variables that Dockerfiles set for the image and not for the program.
    pub image_variables: Vec<String>,
    /// Variables that hold where people reach the program, by pattern, with what they hold: `{domain}` and `{url}` are the gateway's.
    pub addresses: IndexMap<String, String>,
    /// Classes whose fields are variables.
    pub fields: Vec<FieldRule>,
    /// Places of that kind that take the variable for a whole number.
    pub numbers: Vec<String>,
    /// Names of variables that say where to listen.
    pub ports: Vec<String>,
    /// Variables with what they hold in production, by pattern: `^NODE_ENV$`.
    pub production: IndexMap<String, String>,
    /// Names of variables that the system or its tools set.
    pub system: Vec<String>,
    /// Settings that hold on developers' machines alone: patterns over `NAME=value`.
    pub local_values: Vec<String>,
    /// Debian packages that only a build needs; patterns.
    pub build_packages: Vec<String>,
    /// Debian packages that forge sees to itself, or that only people need; patterns.
    pub needless_packages: Vec<String>,
    /// Names of secrets that anything random will do for, and how many hexadecimal digits.
    pub generated: IndexMap<String, u32>,
}

/// A program that starts another one, and again where it ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    /// Its command; the first group is the program, or the file that lists programs.
    pub command: String,
    /// Over the text of that file: the first group is the program.
    pub lists: Option<String>,
    /// What it starts: `$1` is the program.
    pub run: String,
}

/// Classes each of whose fields is a variable, called like the field, in capitals; all of them patterns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// The line that begins such a class. Its fields are on the lines below that are indented.
    pub class: String,
    /// What all of its names begin with, the first group, somewhere in the class.
    pub prefix: String,
    /// A field: its name, whether it is a whole number, and what is written behind it.
    pub field: String,
    /// Another name, the first group, in what is written behind.
    pub name: String,
    /// A plain value, the first group that is there, in what is written behind.
    pub value: String,
    /// That what is written behind is no value, so that the program ends without the variable.
    pub demanded: String,
}

/// How one stack is recognised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackDetection {
    /// What it is written in, as people call it.
    pub language: String,
    /// Of several stacks in one folder the one with the highest weight serves, where all of them or none do.
    #[serde(default)]
    pub weight: u8,
    /// Files, one of which shows that a folder holds such a program.
    pub manifests: Words,
    /// Files that show it in a project where nothing has a manifest.
    #[serde(default)]
    pub bare: Words,
    /// What has to hold beside a manifest.
    #[serde(default)]
    pub only: Vec<Rule>,
    /// Its source code.
    #[serde(default)]
    pub sources: Words,
    /// Names of files among the sources that are looked at first.
    #[serde(default)]
    pub first: Words,
    /// Which of the sources only developers have: the value is the file.
    #[serde(default)]
    pub for_developers: Vec<Rule>,
    /// Where packages are named.
    #[serde(default)]
    pub packages: Vec<PackageSource>,
    /// Lock files, in the folder or above it, for whom they are told.
    #[serde(default)]
    pub locks: Words,
    /// Folders below this one that belong to it: patterns of a workspace.
    #[serde(default)]
    pub members: Vec<Rule>,
    /// Which other members are built before one of a workspace.
    pub built_members: Option<BuiltMembers>,
    /// Programs of this folder, each a service of its own; the value is a folder or a name, `${program}` elsewhere.
    #[serde(default)]
    pub programs: Vec<Rule>,
    /// Where there are several programs: what shows in the files of one that it serves.
    #[serde(default)]
    pub serves: Vec<Rule>,
    /// Whether the first word of a start command is what the build makes, and only the words after it count.
    #[serde(default)]
    pub compiled: bool,
    /// The version of the language.
    #[serde(default)]
    pub version: Vec<Rule>,
    /// Base images, the first group is the version.
    #[serde(default)]
    pub images: Words,
    /// Whether what was written for one version runs with all that are newer.
    #[serde(default)]
    pub newer: bool,
    /// Names of secrets that frameworks have in their example of an env file, and do without; patterns.
    #[serde(default)]
    pub optional_variables: Vec<String>,
    /// Names of variables that are compiled in, so that they are arguments of the build; patterns.
    #[serde(default)]
    pub build_variables: Vec<String>,
    /// Variables by which its frameworks find a backing without any code that names them.
    #[serde(default)]
    pub wires: Vec<Wire>,
    /// Where scripts with names are: `scripts` in package.json.
    pub scripts: Option<Rule>,
    /// The command that starts it, beside a Procfile, a Dockerfile and a compose file.
    #[serde(default)]
    pub start: Vec<Rule>,
    /// What makes a start command stay as it is written, where the stack's own would lose something of it. Without any such
    /// rule, a command of the same program as the stack's, or of a framework, is left to the stack.
    #[serde(default)]
    pub kept: Vec<Rule>,
    /// Programs that start commands call and no image has; patterns over the command.
    #[serde(default)]
    pub absent: Vec<String>,
    /// What makes a start command one that only developers run, beside those that are such by themselves.
    #[serde(default)]
    pub development: Vec<Rule>,
    /// The options of the stack, in this order: later ones may ask for earlier ones. `framework`, `package_manager` and what
    /// the stack does not know are told all the same.
    #[serde(default)]
    pub options: IndexMap<String, Vec<Rule>>,
    /// Options of the stack that are lists: each different value that the rules find.
    #[serde(default)]
    pub lists: IndexMap<String, Vec<Rule>>,
    /// What the stack calls a value of an option, where that is told by another name: `framework: { net/http: http }`.
    #[serde(default)]
    pub words: IndexMap<String, IndexMap<String, String>>,
    /// What its author should know, in sentences.
    #[serde(default)]
    pub notes: Vec<Rule>,
    /// Rules for generated files that a program cannot keep, by name; the value is the reason, for an exception.
    #[serde(default)]
    pub exceptions: IndexMap<String, Vec<Rule>>,
    /// What its author has to mend or say before it can run, in sentences.
    #[serde(default)]
    pub open: Vec<Rule>,
    /// What it does: `web`, `static`, `worker`, `grpc` or `script`.
    #[serde(default)]
    pub role: Vec<Rule>,
    /// The port it listens on, beside the command and the Dockerfile.
    #[serde(default)]
    pub port: Vec<Rule>,
    /// The path that says that it is well.
    #[serde(default)]
    pub health: Vec<Rule>,
    /// The command that brings its database to the newest shape.
    #[serde(default)]
    pub migrate: Vec<Rule>,
    /// Paths that it answers, beside those of others: each that the rules find.
    #[serde(default)]
    pub paths: Vec<Rule>,
    /// Folders that it writes to, from where it is started.
    #[serde(default)]
    pub writable: Vec<Rule>,
    /// What commands want besides that people wrote for a folder that can be written to.
    #[serde(default)]
    pub added: Vec<Added>,
    /// Which of the env files of one person (`own_env_files`) this stack's frameworks commit: the value is its name.
    #[serde(default)]
    pub committed: Vec<Rule>,
    /// Variables that have to be set.
    #[serde(default)]
    pub environment: IndexMap<String, Vec<Rule>>,
    /// Packages of the system, by Debian's names.
    #[serde(default)]
    pub system: SystemPackages,
    /// Further processes of the same image, by name; the value is the command.
    #[serde(default)]
    pub workers: IndexMap<String, Vec<Rule>>,
}

/// Words that a command wants behind it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// Which commands: a pattern.
    pub to: String,
    /// Which of them not, since they say it already: a pattern.
    pub unless: String,
    /// The words.
    pub words: Vec<String>,
}

/// Members of a workspace that are built before another one, which depends on them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltMembers {
    /// The option that lists their folders.
    pub option: String,
    /// The name by which others depend on a member.
    pub name: Rule,
    /// What shows that a member has to be built; the value is the script that does it.
    pub when: Vec<Rule>,
    /// Where the package manager finds them by itself, and wants to know no more than the script.
    pub alone: Vec<Rule>,
    /// The option that names the script.
    pub script: String,
}

/// Packages of the system that packages of the language need.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SystemPackages {
    /// While dependencies are installed, by package of the system.
    pub build: IndexMap<String, Vec<Rule>>,
    /// In the image that runs.
    pub run: IndexMap<String, Vec<Rule>>,
}

/// Where packages are named: entries of a map or list at a place, or what a pattern finds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageSource {
    /// The files.
    pub file: Words,
    /// The map, list or table in it.
    pub at: Option<String>,
    /// The name of an item that is a table: `${groupId}:${artifactId}`.
    pub name: Option<String>,
    /// Over the text: the first group is the name, the second the version.
    #[serde(rename = "match")]
    pub pattern: Option<String>,
    /// Whether they are there for developers only.
    #[serde(default)]
    pub dev: bool,
    /// Whether the folders above are looked at, too.
    #[serde(default)]
    pub above: bool,
}

/// Something to look for. Whatever is named has to hold; what `file`, `code` or `package` found is what the value is made of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Files, relative to the service; the first that fits counts.
    pub file: Words,
    /// Whether the folders above are looked at, too, the nearest first.
    pub above: bool,
    /// A place in the file: `tool.poetry.dependencies.python`; `*` is any key.
    pub at: Option<String>,
    /// A pattern over what is there: the value, or the text of the file.
    #[serde(rename = "match")]
    pub pattern: Option<String>,
    /// A pattern over the source code.
    pub code: Option<String>,
    /// With `code`: only in files that fit this pattern, too.
    pub beside: Option<String>,
    /// Packages, one of which it depends on.
    pub package: Words,
    /// Whether packages for developers count, too.
    pub dev: bool,
    /// A pattern over the command that starts it.
    pub start: Option<String>,
    /// A pattern over names of variables that are in env files or that it reads.
    pub variable: Option<String>,
    /// What was found for options before; of those without any value, that something was.
    pub option: BTreeMap<String, Words>,
    /// What it does.
    pub role: Words,
    /// A pattern over where it is from the root of its workspace.
    pub member: Option<String>,
    /// A pattern over which program of its folder it is, where there are several.
    pub program: Option<String>,
    /// A pattern over the version of the language that is asked for; none asked for is none that fits.
    pub version: Option<String>,
    /// All of these hold, too.
    pub all: Vec<Rule>,
    /// None of these holds.
    pub unless: Vec<Rule>,
    /// What that says: `$1` is a group of the pattern; `${cd}` is the folder that the start command changes to, with a stroke; `${file}`, `${folder}`, `${stem}` and `${module}` are about the file,
    /// `${member}`, `${program}` and `${name}` about the service. Left out, it is the first group, or all that was found.
    pub value: Option<String>,
    /// How sure that is.
    pub confidence: Option<Confidence>,
    /// Why, where the place alone does not say it.
    pub why: Option<String>,
}

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess: asked for on a terminal.
    Low,
    /// It follows from something else, or is a convention.
    Medium,
    /// It was written down by somebody.
    High,
}

/// How one kind of backing is recognised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackingDetection {
    /// What it is called where nobody named it.
    pub name: String,
    /// Kinds of one family do the same, and a program mostly wants one of them: `sql`.
    pub family: Option<String>,
    /// Packages that speak with it, in all languages.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Packages that say it by their name, but for many kinds at once; the pattern is over the code or configuration that
    /// chooses this one.
    #[serde(default)]
    pub chosen: Vec<String>,
    /// Its images, without tags.
    #[serde(default)]
    pub images: Vec<String>,
    /// Schemes of its URLs.
    #[serde(default)]
    pub schemes: Vec<String>,
    /// Names of variables that are about it and nothing else.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Which output goes into variables of which name; patterns. Those that hold for other kinds, too, such as DATABASE_URL,
    /// count where this kind is needed.
    #[serde(default)]
    pub outputs: IndexMap<String, Vec<String>>,
    /// What it is used for, by what shows that.
    #[serde(rename = "use", default)]
    pub usage: IndexMap<String, Vec<Rule>>,
    /// The schemes that programs which take `url` understand; with another one they get `form` behind that.
    #[serde(default)]
    pub usual: Vec<String>,
    /// What comes after the scheme: `{user}:{password}@{host}:{port}/{database}`.
    pub form: Option<String>,
    /// What programs that say nothing need instead of `url`.
    #[serde(default)]
    pub forms: Vec<Form>,
}

/// A URL for programs of one kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Which ones.
    pub when: Rule,
    /// The whole text, with outputs in braces.
    pub url: String,
}

/// Variables by which a framework finds a backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// The kinds of backings.
    pub kind: Words,
    /// Which programs.
    #[serde(default)]
    pub when: Rule,
    /// Variables with the output, or the text with outputs in braces, that each gets; `$1` is a group of the rule.
    pub environment: IndexMap<String, String>,
}

/// One text or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(String),
            Several(Vec<String>),
        }
        Ok(Words(match Either::deserialize(deserializer)? {
            Either::One(it) => vec![it],
            Either::Several(them) => them,
        }))
    }
}

impl std::ops::Deref for Words {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl Detection {
    /// What forge recognises, with `own`, the project's files by their names below `forge-templates/`, laid over its own.
    ///
    /// # Errors
    /// Those files that do not parse, or have another shape.
    pub fn new(own: &[(String, String)]) -> Result<Detection, Vec<Broken>> {
        let mut files: BTreeMap<&str, &str> = BUILT_IN.iter().copied().collect();
        files.extend(own.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let mut out = Detection { common: Common::default(), stacks: BTreeMap::new(), backings: BTreeMap::new() };
        let mut broken = Vec::new();
        for (name, text) in files {
            let parts: Vec<&str> = name.split('/').collect();
            let failed = match parts[..] {
                ["detect.yaml"] => typed(name, text).map(|it| out.common = it).err(),
                ["stacks", stack, "detect.yaml"] => {
                    typed(name, text).map(|it| drop(out.stacks.insert(stack.to_owned(), it))).err()
                }
                ["backings", kind, "detect.yaml"] => {
                    typed(name, text).map(|it| drop(out.backings.insert(kind.to_owned(), it))).err()
                }
                _ => None,
            };
            broken.extend(failed);
        }
        if broken.is_empty() { Ok(out) } else { Err(broken) }
    }
}

fn typed<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Broken> {
    let doc = yaml::read(text).map_err(|it| {
        let at = Doc::new(text).locate(&it.place);
        Broken::new(name, it.message, at)
    })?;
    serde_path_to_error::deserialize(doc.root.json()).map_err(|error| {
        let at =
            doc.locate(&crate::diagnostic::Place::Value(crate::diagnostic::Path::parse(&error.path().to_string())));
        Broken::new(name, format!("{}: {}", error.path(), error.inner()), at)
    })
}

/// Where diagnostics of a text that is no YAML point to.
struct Doc(yaml::Doc);

impl Doc {
    fn new(text: &str) -> Doc {
        Doc(yaml::Doc::new(text, yaml::Node::default()))
    }

    fn locate(&self, place: &crate::diagnostic::Place) -> std::ops::Range<usize> {
        self.0.locate(place)
    }
}
