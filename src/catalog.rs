//! Stacks, backings and the gateway's image as data: read from `templates/`, which is embedded, and then from the
//! project's own `forge-templates/`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::diagnostic::{Broken, Path, Place};
use crate::schema::{Choices, check_option};
use crate::spec::{self, Cpus, Duration, Size};
use crate::yaml::{self, Doc};

/// The files below `templates/`, sorted by name: `("stacks/python/stack.yaml", "title: …")`.
static BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The files of the catalogue that come with forge, by their names below `templates/`.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.iter().copied()
}

/// Everything that forge knows how to build and run.
pub struct Catalog {
    /// By name: `python`.
    pub stacks: BTreeMap<String, Entry>,
    /// By kind: `postgres`.
    pub backings: BTreeMap<String, Entry>,
    /// nginx.
    pub gateway: Entry,
    /// Providers of CI, by name: `github`.
    pub providers: BTreeMap<String, Provider>,
    /// The actions that workflows use, by name: `actions/checkout`.
    pub actions: BTreeMap<String, Action>,
    /// The images that jobs run tools from, by the names that templates use: `trivy`.
    pub ci_images: BTreeMap<String, String>,
    /// Every template by name, `stacks/python/Dockerfile.j2`; those that come with forge also below `forge/`, so that
    /// one of the project's own can extend the one that it replaces.
    pub templates: BTreeMap<String, String>,
    /// The names of the project's own templates.
    pub own_templates: Vec<String>,
    formulas: Environment<'static>,
}

/// One stack, one kind of backing, or the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name for people.
    pub title: String,
    /// One line on what it is for.
    pub about: String,
    /// The versions that forge knows, newest first.
    pub versions: IndexMap<String, Version>,
    /// The version where the spec names none.
    pub default_version: String,
    /// What the spec can choose, each with its schema; a schema's `default` is the choice where the spec makes none.
    #[serde(default)]
    pub options: IndexMap<String, Value>,
    /// What a backing can be used for; the first is the default.
    #[serde(default)]
    pub uses: IndexMap<String, String>,
    /// What is known about it, whatever is chosen.
    pub facts: Value,
    /// What is known for some choices only; later cases go before earlier ones.
    #[serde(default)]
    pub cases: Vec<Case>,
    /// Why it never was built and booted on an engine, if it never was.
    pub unproven: Option<String>,
    /// Whether it lies in the project's own `forge-templates/`.
    #[serde(skip)]
    pub own: bool,
}

/// A version that forge knows.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The day after which there are no more security fixes, `2029-10-31`.
    pub end_of_life: Option<String>,
    /// Why this version never was built and booted on an engine, if it never was.
    pub unproven: Option<String>,
}

/// Facts that hold when something was chosen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What has to be chosen: option, `version`, `use` or `program` (the first word of the command), and its value or
    /// one of several.
    pub when: BTreeMap<String, Value>,
    /// What then holds: laid over what held before; maps merge, all else replaces.
    pub facts: Value,
}

/// Who runs CI, and which files it reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name for people.
    pub title: String,
    /// Its files: where each lies in the project, by the template in its folder. A template that renders to nothing
    /// makes no file.
    pub files: BTreeMap<String, String>,
    /// The images of `ci/images.yaml` that its templates use; what of them has no digest there is a matter of `forge.lock`.
    #[serde(default)]
    pub images: Vec<String>,
}

/// An action of GitHub at the commit of one of its releases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The release, as people call it: `v7.0.1`.
    pub version: String,
    /// The commit that it was made from, 40 hexadecimal digits.
    pub sha: String,
    /// The day of that commit, `2026-07-17`.
    pub date: String,
}

/// A text of a catalogue file, perhaps with `{{ formulas }}` in it.
pub type Formula = String;

/// What is known about a stack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackFacts {
    /// The images that the Dockerfile builds on, by the names that the template uses; `base` is the last stage's.
    pub images: BTreeMap<String, Formula>,
    /// The folder in the image that holds the program.
    pub workdir: String,
    /// Who runs it, where the spec does not say.
    pub user: UserFacts,
    /// Users of the base image, whose names cannot be given again.
    #[serde(default)]
    pub taken_users: Vec<String>,
    /// The port it listens on, where the spec does not say.
    pub port: Option<u16>,
    /// How it is started, where the spec does not say.
    #[serde(default)]
    pub command: Vec<Formula>,
    /// The path that says that it is well, where the spec does not say.
    pub health: Option<String>,
    /// How to ask for health with what the image has.
    pub probe: Probes,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use, where the spec does not say.
    pub resources: ResourceFacts,
    /// Whether PID 1 needs an init before it.
    pub init: bool,
    /// Whether the image has a shell for an entrypoint.
    pub shell: bool,
    /// Environment variables for the container.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
    /// Files that the build reads; a trailing slash means a folder.
    #[serde(default)]
    pub reads: Vec<Formula>,
    /// The file that the command starts, or several with `|` between them, of which one is enough.
    pub program: Option<Formula>,
    /// Further files beside the Dockerfile: name to template.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What an environment with `source_mounts` changes.
    #[serde(default)]
    pub development: DevelopmentFacts,
    /// Whether the Dockerfile has a stage `test`.
    #[serde(default)]
    pub tests: bool,
    /// What can be asked about dependencies and code, by the name of who is asked.
    #[serde(default)]
    pub audits: BTreeMap<String, AuditFacts>,
    /// What Dependabot calls those who install its dependencies.
    pub ecosystem: Option<Formula>,
}

/// How somebody is asked about dependencies or code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFacts {
    /// What it is, as `ci: { audit: … }` calls it.
    pub kind: AuditKind,
    /// The image that it runs in.
    pub image: Formula,
    /// What runs there, in the folder of the source, by a POSIX shell.
    pub script: Formula,
    /// The variable that it reads its token from, if it wants one.
    pub token: Option<String>,
}

/// What an audit is about, or with whom it wants an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Known vulnerabilities of what is installed.
    Dependencies,
    /// Mistakes in the code itself.
    Code,
    /// Snyk.
    Snyk,
    /// Safety.
    Safety,
}

/// What is known about development with a stack.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevelopmentFacts {
    /// Folders of the context to mount, where the spec does not say.
    pub sources: Vec<Formula>,
    /// Where the folders lie in the image; the `workdir`, if left out.
    pub target: Option<String>,
    /// Words after the first of the command.
    pub insert: Vec<Formula>,
    /// Words at the end of the command.
    pub append: Vec<Formula>,
}

/// A user by name and numbers.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserFacts {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
}

/// Commands that ask for health. In them stand `port`, `path`, `timeout` (seconds) and `max_age` (seconds).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probes {
    /// Ends with 0 when `path` on `port` answers with 2xx or 3xx.
    pub http: Vec<Formula>,
    /// Ends with 0 when `port` takes a connection.
    pub tcp: Vec<Formula>,
    /// Ends with 0 when the file `path` was touched within `max_age`.
    pub file: Vec<Formula>,
}

/// How much something may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceFacts {
    /// Limit of processor time.
    pub cpus: Cpus,
    /// Limit of memory.
    pub memory: Size,
    /// Limit of processes and threads.
    pub pids: u32,
    /// Processor time that is kept for it.
    pub reserved_cpus: Cpus,
    /// Memory that is kept for it.
    pub reserved_memory: Size,
    /// Less than this and it cannot start.
    pub least_memory: Size,
}

/// What is known about a kind of backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackingFacts {
    /// Its image.
    pub image: Formula,
    /// The port it listens on.
    pub port: u16,
    /// Who runs it.
    pub user: NumberFacts,
    /// The folder that is kept on a volume, if any.
    pub data: Option<String>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
    /// How it is started; the image's own, if empty.
    #[serde(default)]
    pub command: Vec<Formula>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How long it gets to end.
    pub stop_grace_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Size of `/dev/shm`.
    pub shm_size: Option<Formula>,
    /// Whether it knows databases and users by name.
    #[serde(default)]
    pub databases: bool,
    /// Secrets that it needs, by what they are to it, with their length in hexadecimal digits.
    #[serde(default)]
    pub secrets: BTreeMap<String, u32>,
    /// What those who need it can learn, by name.
    pub outputs: BTreeMap<String, Output>,
    /// The outputs that the short form of `needs` gives.
    pub short: Vec<String>,
    /// Comments for the compose file, by key: `healthcheck`, `environment.POSTGRES_USER`.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
}

/// A user by numbers.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFacts {
    /// The user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Something that a user of a backing can learn.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its text, without the secret.
    #[serde(default)]
    pub value: Formula,
    /// The secret that belongs to it: before the `@` of a URL, or alone where `value` is empty.
    pub secret: Option<String>,
}

/// What is known about the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFacts {
    /// Its image.
    pub image: Formula,
    /// Who runs it.
    pub user: NumberFacts,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
}

/// What a spec chose of an [`Entry`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct Selection {
    /// The version.
    pub version: String,
    /// The options, defaults filled in.
    pub options: Map<String, Value>,
    /// What a backing is used for.
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// The first word of the command.
    pub program: Option<String>,
}

impl Catalog {
    /// The catalogue with `own`, the project's files by their names below `forge-templates/`, laid over forge's.
    ///
    /// # Errors
    /// Those of `own` that do not parse, or have a shape that the catalogue does not know.
    pub fn new(own: &[(String, String)]) -> Result<Catalog, Vec<Broken>> {
        let mut files: BTreeMap<&str, (&str, bool)> =
            BUILT_IN.iter().map(|(name, text)| (*name, (*text, false))).collect();
        files.extend(own.iter().map(|(name, text)| (name.as_str(), (text.as_str(), true))));
        let mut broken = Vec::new();
        let mut stacks = BTreeMap::new();
        let mut backings = BTreeMap::new();
        let mut gateway = None;
        let (mut providers, mut actions, mut ci_images) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut own_templates = Vec::new();
        let mut templates: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, text)| (format!("forge/{name}"), (*text).to_owned())).collect();
        let mut formulas = Environment::new();
        formulas.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        formulas.set_syntax(syntax.expect("the delimiters are minijinja's own"));
        // A formula is a template of its own name, compiled when it is first filled in.
        formulas.set_loader(|formula| Ok(Some(formula.to_owned())));
        for (name, (text, own)) in files {
            let parts: Vec<&str> = name.split('/').collect();
            match parts[..] {
                ["ci", "actions.yaml"] => match plain_file(name, text, own, check_actions) {
                    Ok(them) => actions = them,
                    Err(it) => broken.push(it),
                },
                ["ci", "images.yaml"] => match plain_file(name, text, own, check_images) {
                    Ok(them) => ci_images = them,
                    Err(it) => broken.push(it),
                },
                ["ci", provider, "provider.yaml"] => match plain_file(name, text, own, check_provider) {
                    Ok(it) => drop(providers.insert(provider.to_owned(), it)),
                    Err(it) => broken.push(it),
                },
                _ => {}
            }
            let read = match parts[..] {
                ["stacks", _, "stack.yaml"] => entry::<StackFacts>(name, text, own),
                ["backings", _, "backing.yaml"] => entry::<BackingFacts>(name, text, own),
                ["gateway", "gateway.yaml"] => entry::<GatewayFacts>(name, text, own),
                _ => {
                    if own && name.ends_with(".j2") {
                        own_templates.push(name.to_owned());
                    }
                    templates.insert(name.to_owned(), text.to_owned());
                    continue;
                }
            };
            match (read, &parts[..]) {
                (Ok(entry), ["stacks", stack, _]) => drop(stacks.insert((*stack).to_owned(), entry)),
                (Ok(entry), ["backings", kind, _]) => drop(backings.insert((*kind).to_owned(), entry)),
                (Ok(entry), _) => gateway = Some(entry),
                (Err(them), _) => broken.push(them),
            }
        }
        for stack in stacks.keys() {
            for template in ["Dockerfile.j2", "dockerignore.j2"] {
                let name = format!("stacks/{stack}/{template}");
                if !templates.contains_key(&name) {
                    let message = format!("the stack `{stack}` has no `{template}`");
                    let help = format!("write forge-templates/{name}");
                    broken.push(Broken { help, ..Broken::new(format!("stacks/{stack}/stack.yaml"), message, 0..0) });
                }
            }
        }
        for (provider, it) in &providers {
            for image in it.images.iter().filter(|it| !ci_images.contains_key(*it)) {
                let message =
                    format!("the provider `{provider}` uses an image `{image}`, which ci/images.yaml does not name");
                let help = format!("add `{image}: <image>` to forge-templates/ci/images.yaml");
                broken.push(Broken { help, ..Broken::new(format!("ci/{provider}/provider.yaml"), message, 0..0) });
            }
            for template in it.files.keys().filter(|it| !templates.contains_key(&format!("ci/{provider}/{it}"))) {
                let message = format!("the provider `{provider}` has no `{template}`");
                let help = format!("write forge-templates/ci/{provider}/{template}");
                broken.push(Broken { help, ..Broken::new(format!("ci/{provider}/provider.yaml"), message, 0..0) });
            }
        }
        match gateway {
            Some(gateway) if broken.is_empty() => Ok(Catalog {
                stacks,
                backings,
                gateway,
                providers,
                actions,
                ci_images,
                templates,
                own_templates,
                formulas,
            }),
            _ => Err(broken),
        }
    }

    /// What the schema of a spec learns from the catalogue.
    pub fn choices(&self) -> Choices {
        Choices {
            stacks: self.stacks.iter().map(|(name, it)| (name.clone(), json!(it.options))).collect(),
            backings: self
                .backings
                .iter()
                .map(|(kind, it)| (kind.clone(), it.uses.keys().cloned().collect()))
                .collect(),
            providers: self.providers.keys().cloned().collect(),
        }
    }

    /// The text of `formula` with `values` in it.
    ///
    /// # Errors
    /// What is wrong with the formula; never for those that come with forge.
    pub fn fill(&self, formula: &str, values: &minijinja::Value) -> Result<String, String> {
        if !formula.contains("{{") {
            return Ok(formula.to_owned());
        }
        let template = self.formulas.get_template(formula).map_err(|it| it.to_string())?;
        template.render(values).map_err(|it| format!("`{formula}`: {it}"))
    }
}

impl Entry {
    /// The facts for what was chosen.
    ///
    /// # Errors
    /// In words, where cases of a file of the project's own add up to something of another shape.
    pub fn facts<T: DeserializeOwned>(&self, selection: &Selection) -> Result<T, String> {
        self.facts_at(selection).map_err(|(at, message)| format!("{at}: {message}"))
    }

    /// As [`facts`](Self::facts), with the path below `facts` of what does not fit.
    fn facts_at<T: DeserializeOwned>(&self, selection: &Selection) -> Result<T, (Path, String)> {
        let chosen = serde_json::to_value(selection).expect("a selection is plain data");
        let mut facts = self.facts.clone();
        for case in self.cases.iter().filter(|it| it.holds(&chosen)) {
            merge(&mut facts, &case.facts);
        }
        typed(&facts)
    }

    /// The options with the defaults of those that `given` leaves out.
    pub fn fill_options(&self, given: &BTreeMap<String, Value>) -> Map<String, Value> {
        let filled = self.options.iter().filter_map(|(name, schema)| {
            let value = given.get(name).or_else(|| schema.get("default"))?;
            Some((name.clone(), value.clone()))
        });
        filled.collect()
    }
}

impl Case {
    fn holds(&self, chosen: &Value) -> bool {
        self.when.iter().all(|(key, wanted)| {
            let found = chosen.get(key).filter(|it| !it.is_null()).unwrap_or(&chosen["options"][key]);
            wanted == found || wanted.as_array().is_some_and(|it| it.contains(found))
        })
    }
}

/// Lays `over` on `base`: maps merge, all else replaces.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// `value` as a `T`, or where it does not fit and why.
fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, (Path, String)> {
    use serde_path_to_error::Segment;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().iter().fold(Path::default(), |path, it| match it {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } => path.key(key),
            Segment::Enum { variant } => path.key(variant),
            Segment::Unknown => path,
        });
        (path, error.into_inner().to_string())
    })
}

/// A stack or backing, with formulas in it.
fn entry<T: DeserializeOwned>(file: &str, text: &str, own: bool) -> Result<Entry, Broken> {
    one_file(file, text, own, check::<T>)
}

/// A file of the catalogue without formulas in it, which `check` finds nothing wrong with.
fn plain_file<T: DeserializeOwned>(
    file: &str,
    text: &str,
    own: bool,
    check: impl Fn(&T) -> Result<(), (Path, String)>,
) -> Result<T, Broken> {
    one_file(file, text, own, |doc| typed(&doc.root.json()).and_then(|it| check(&it).map(|()| it)))
}

/// One file of the catalogue. What comes with forge is known to fit, which a test sees to; what does not, is looked at
/// by `look`.
fn one_file<T: DeserializeOwned>(
    file: &str,
    text: &str,
    own: bool,
    look: impl Fn(&Doc) -> Result<T, (Path, String)>,
) -> Result<T, Broken> {
    if !own {
        let value = yaml::plain(text).and_then(|it| serde_json::from_value(it).map_err(|it| it.to_string()));
        return value.map_err(|message| Broken::new(file, message, 0..0));
    }
    let doc = yaml::read(text).map_err(|it| {
        let Place::Bytes(at) = it.place else { unreachable!("the reader knows bytes only") };
        Broken::new(file, it.message, at)
    })?;
    look(&doc).map_err(|(at, message)| Broken::new(file, message, doc.locate(&Place::Value(at))))
}

/// Workflows are run with what stands here: a commit is nothing else than a commit.
fn check_actions(actions: &BTreeMap<String, Action>) -> Result<(), (Path, String)> {
    let name = |it: &str| it.contains('/') && it.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it));
    let hex = |it: char| it.is_ascii_digit() || ('a'..='f').contains(&it);
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    for (action, it) in actions {
        if !name(action) {
            return Err((Path::of([action.as_str()]), format!("`{}` is no `owner/action`", action.escape_debug())));
        }
        if it.sha.len() != 40 || !it.sha.chars().all(hex) {
            return Err((Path::of([action.as_str(), "sha"]), "a commit has 40 hexadecimal digits".to_owned()));
        }
        if it.version.is_empty() || !it.version.chars().all(plain) {
            return Err((Path::of([action.as_str(), "version"]), "a version looks like `v7.0.1`".to_owned()));
        }
    }
    Ok(())
}

/// An image is a word that no shell and no YAML takes for anything else.
fn check_images(images: &BTreeMap<String, String>) -> Result<(), (Path, String)> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._:/@-".contains(it);
    match images.iter().find(|(_, it)| it.is_empty() || it.starts_with('-') || !it.chars().all(plain)) {
        Some((name, it)) => {
            Err((Path::of([name.as_str()]), format!("`{}` is no reference to an image", it.escape_debug())))
        }
        None => Ok(()),
    }
}

/// Templates are files of the folder itself, and what they make lies in the project.
fn check_provider(provider: &Provider) -> Result<(), (Path, String)> {
    for (template, path) in &provider.files {
        let at = Path::of(["files", template]);
        if template.contains('/') || !template.ends_with(".j2") {
            return Err((at, format!("`{template}` is no name of a template in this folder, `check.yml.j2`")));
        }
        if template.contains('@') {
            return Err((at, format!("`{template}` has an `@` in its name, which forge needs for itself")));
        }
        let harmless = |it: &str| !it.is_empty() && it != "." && it != "..";
        if !path.split('/').all(harmless) || path.contains(|it: char| it.is_control() || it == '\\') {
            return Err((at, format!("`{}` is no path of a file in the project", path.escape_debug())));
        }
        if let Some(why) = spec::not_ours(path) {
            return Err((at, why));
        }
    }
    Ok(())
}

/// An entry of the project's own: its shape, its facts for every version, its formulas.
fn check<T: DeserializeOwned>(doc: &Doc) -> Result<Entry, (Path, String)> {
    let entry = Entry { own: true, ..typed(&doc.root.json())? };
    if !entry.versions.contains_key(&entry.default_version) {
        let message = format!("`default_version: {}` is none of its versions", entry.default_version);
        return Err((Path::of(["default_version"]), message));
    }
    for (name, schema) in &entry.options {
        check_option(schema).map_err(|it| (Path::of(["options", name]), format!("the schema of `{name}`: {it}")))?;
    }
    let facts = || std::iter::once((Path::of(["facts"]), &entry.facts));
    let cases = entry.cases.iter().enumerate();
    let all = || facts().chain(cases.clone().map(|(at, it)| (Path::of(["cases"]).index(at).key("facts"), &it.facts)));
    let (options, usage) = (entry.fill_options(&BTreeMap::new()), entry.uses.keys().next().cloned());
    for version in entry.versions.keys() {
        let selection =
            Selection { version: version.clone(), options: options.clone(), usage: usage.clone(), program: None };
        entry.facts_at::<T>(&selection).map_err(|(at, message)| {
            // It stands in the facts themselves, or in a case that goes before them.
            let places = all().map(|(below, _)| Path(below.0.into_iter().chain(at.0.iter().cloned()).collect()));
            let place = places.into_iter().rfind(|it| doc.root.at(it).is_some());
            (place.unwrap_or_else(|| Path::of(["facts"])), message)
        })?;
    }
    for (at, facts) in all() {
        let files = facts["files"].as_object().into_iter().flat_map(Map::keys);
        if let Some(odd) = files.into_iter().find(|it| it.contains('/') || it.starts_with('.')) {
            let message = format!("`files: {{ {odd}: … }}` is no name of a file beside the Dockerfile");
            return Err((at.key("files").key(odd), message));
        }
        check_formulas(facts, &at)?;
    }
    Ok(entry)
}

/// Whether every text with a formula in it can be compiled.
fn check_formulas(value: &Value, at: &Path) -> Result<(), (Path, String)> {
    match value {
        Value::String(text) if text.contains("{{") => Environment::new()
            .template_from_str(text)
            .map(drop)
            .map_err(|error| (at.clone(), format!("`{text}`: {error}"))),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, it)| check_formulas(it, &at.index(index)))
        }
        Value::Object(entries) => entries.iter().try_for_each(|(key, it)| check_formulas(it, &at.key(key))),
        _ => Ok(()),
    }
}
