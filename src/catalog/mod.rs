//! Stacks, backings and the gateway's image as data: read from `templates/`, which is embedded, and then from the
//! project's own `forge-templates/`.

mod backing;
mod check;
mod detect;
mod gateway;
mod stack;
pub mod version;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::diagnostic::{Broken, Path};
use crate::schema::Choices;
use crate::spec::{Cpus, Size};

pub use backing::{BackingFacts, NameFacts, Output};
use check::{check_actions, check_images, check_logging, check_provider, entry, plain_file, typed};
pub use detect::{
    Added, BackingDetection, BuiltMembers, Common, Confidence, Detection, FieldRule, Form, PackageSource, Rule,
    StackDetection, Supervisor, SystemPackages, Wire, Words,
};
pub use gateway::{
    CertificatesFacts, FolderFacts, GatewayFacts, LimitFacts, ListenFacts, TimeoutFacts, TlsFacts, TlsProfileFacts,
};
pub use stack::{
    AuditFacts, AuditKind, CompanionFacts, DebugFacts, DevelopmentFacts, EntrypointFacts, Probes, StackFacts, System,
    UserFacts,
};

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
    /// What images of a system bring along, by its name: `debian`.
    pub systems: BTreeMap<String, SystemFacts>,
    /// Drivers of logs by name.
    pub logging: BTreeMap<String, LogDriverFacts>,
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

/// A choice that never was built and booted on an engine.
#[derive(Debug, Clone)]
pub struct Unproven<'a> {
    /// The option that was chosen.
    pub key: &'a str,
    /// In words: `` `variant: alpine` ``.
    pub choice: String,
    /// Why.
    pub why: &'a str,
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
    /// What then holds: laid over what held before; maps merge, `null` takes away, all else replaces.
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

/// What images of a system bring along: `templates/systems.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFacts {
    /// The names of its users and groups, which cannot be given again.
    pub users: Vec<String>,
}

/// A driver of logs: `templates/logging.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogDriverFacts {
    /// Where it takes logs, in words.
    pub about: String,
    /// Whether it writes files here, which are bounded.
    pub sizes: bool,
    /// Whether labels of containers can stand with lines.
    pub labels: bool,
    /// Why it never was tried, if it never was.
    pub unproven: Option<String>,
    /// What it can be told.
    pub options: BTreeMap<String, LogOptionFacts>,
}

/// An option of a driver of logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogOptionFacts {
    /// What it says, in words.
    pub about: String,
    /// What fits.
    pub pattern: String,
    /// Whether it is a regular expression itself: the engine starts no container where it cannot be read.
    #[serde(default)]
    pub expression: bool,
    /// Whether the driver cannot do without.
    #[serde(default)]
    pub needed: bool,
    /// What forge writes where the spec says nothing.
    pub default: Option<String>,
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
        let (mut systems, mut logging) = (BTreeMap::new(), BTreeMap::new());
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
                ["systems.yaml"] => match plain_file(name, text, own, |_| Ok(())) {
                    Ok(them) => systems = them,
                    Err(it) => broken.push(it),
                },
                ["logging.yaml"] => match plain_file(name, text, own, check_logging) {
                    Ok(them) => logging = them,
                    Err(it) => broken.push(it),
                },
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
                // Read by those who look for programs, and by nobody else.
                ["detect.yaml"] | [_, _, "detect.yaml"] => continue,
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
        // Where the Dockerfile is its author's own, forge writes none.
        for (stack, _) in stacks.iter().filter(|(_, it)| it.facts.get("dockerfile").is_none()) {
            for template in ["Dockerfile.j2", "dockerignore.j2"] {
                let name = format!("stacks/{stack}/{template}");
                if !templates.contains_key(&name) {
                    let message = format!("the stack `{stack}` has no `{template}`");
                    let help = format!("write forge-templates/{name}");
                    broken.push(Broken { help, ..Broken::new(format!("stacks/{stack}/stack.yaml"), message, 0..0) });
                }
            }
        }
        for (kind, it) in &backings {
            broken.extend(missing_templates(kind, it, &templates));
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
                systems,
                logging,
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
                .map(|(kind, it)| (kind.clone(), it.uses.keys().cloned().collect(), json!(it.options)))
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

/// The templates that the files of a kind of backing want and that are not there.
fn missing_templates(kind: &str, entry: &Entry, templates: &BTreeMap<String, String>) -> Vec<Broken> {
    let facts = std::iter::once(&entry.facts).chain(entry.cases.iter().map(|it| &it.facts));
    let files = facts.filter_map(|it| it["files"].as_object()).flat_map(Map::values);
    let wanted = files.filter_map(|it| it["template"].as_str());
    let missing = wanted.filter(|it| !templates.contains_key(&format!("backings/{kind}/{it}")));
    let told = missing.map(|it| {
        let message = format!("the backing `{kind}` has no `{it}`");
        let help = format!("write forge-templates/backings/{kind}/{it}");
        Broken { help, ..Broken::new(format!("backings/{kind}/backing.yaml"), message, 0..0) }
    });
    told.collect()
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

    /// What was chosen that never was built and booted on an engine, and why.
    pub fn unproven(&self, selection: &Selection) -> Vec<Unproven<'_>> {
        let chosen = serde_json::to_value(selection).expect("a selection is plain data");
        self.choices_unproven().into_iter().filter(|(case, _)| case.holds(&chosen)).map(|(_, it)| it).collect()
    }

    /// Every choice that never was built and booted on an engine, with the case that says so.
    pub fn choices_unproven(&self) -> Vec<(&Case, Unproven<'_>)> {
        let told = self.cases.iter().filter_map(|case| {
            let why = case.facts.get("unproven")?.as_str()?;
            let key = case.when.keys().find(|it| self.options.contains_key(*it)).or(case.when.keys().next())?;
            let plain = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
            let one_of = |it: &Value| match it {
                Value::Array(them) => them.iter().map(plain).collect::<Vec<_>>().join(" or "),
                it => plain(it),
            };
            let choice = case.when.iter().map(|(key, it)| format!("`{key}: {}`", one_of(it))).collect::<Vec<_>>();
            Some((case, Unproven { key, choice: choice.join(" and "), why }))
        });
        told.collect()
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

/// Lays `over` on `base`: maps merge, `null` takes away, all else replaces.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(key);
                    continue;
                }
                let below = base.entry(key.clone()).or_insert(Value::Null);
                // What takes away from nothing is no fact.
                if value.is_object() && !below.is_object() {
                    *below = json!({});
                }
                merge(below, value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_away_however_deep_and_leaves_none_behind() {
        let merged = |mut base: Value, over: Value| {
            merge(&mut base, &over);
            base
        };
        assert_eq!(
            merged(json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": { "b": null } })),
            json!({ "a": { "c": 2 } })
        );
        for base in [json!({}), json!({ "a": null }), json!({ "a": 1 })] {
            assert_eq!(
                merged(base.clone(), json!({ "a": { "b": { "c": null } } })),
                json!({ "a": { "b": {} } }),
                "{base}"
            );
        }
        assert_eq!(merged(json!({ "a": { "b": 1 } }), json!({ "a": [2] })), json!({ "a": [2] }));
    }
}
