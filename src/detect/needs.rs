//! Which databases, caches and queues a program needs, and which it only can use.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::docker::{Compose, ComposeService};
use super::found::{Backing, Confidence, Evidence, Fact, Need};
use super::rules::{Scope, is_comment};
use super::service::{Draft, Look};
use super::tree::{line_at, name_of, within};
use super::url::Url;
use crate::catalog::{BackingDetection, Detection};

/// What speaks for one kind.
#[derive(Debug, Default)]
struct Signs {
    /// A package that speaks with it.
    package: Option<Evidence>,
    /// Code or configuration that chooses it among others: a URL, an engine.
    chosen: Option<Evidence>,
    /// A variable that is about it and nothing else.
    variable: Option<Evidence>,
    /// The service of a compose file that the program's own service there depends on.
    linked: Option<Evidence>,
    /// Some service of a compose file.
    beside: Option<Evidence>,
    /// What that is called there, and its tag.
    service: Option<(String, Option<String>)>,
}

/// What a program needs.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) backings: Vec<Backing>,
    pub(super) needs: IndexMap<String, Need>,
}

/// Looks for backings, and for the variables in which the program finds them.
pub(super) fn needs(look: &Look<'_>, draft: &Draft<'_>) -> Needs {
    let (scope, known) = (&draft.scope, look.known);
    let files = Files { scope, env_files: &draft.env_files };
    let mut signs: BTreeMap<&str, Signs> = known
        .backings
        .iter()
        .map(|(kind, it)| (kind.as_str(), signs(&files, it, look.composes, draft.linked)))
        .collect();
    understood(&mut signs, known);
    signs.retain(|_, it| it.any());
    let embedded = known.common.embedded.iter().find_map(|it| files.find(it));
    let alone = signs.values().filter(|it| it.package.is_some() && it.chosen.is_none()).count();
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in signs.keys() {
        families.entry(known.backings[*kind].family.as_deref().unwrap_or(kind)).or_default().push(kind);
    }
    let mut out = Needs::default();
    let values = look.values(draft);
    let mut taken = BTreeSet::new();
    for (family, kinds) in &families {
        let needed = needed(&signs, kinds, embedded.is_some() && *family == "sql", alone);
        for kind in kinds {
            let (kind, signs) = (*kind, &signs[*kind]);
            let found = &known.backings[kind];
            let confidence = needed.iter().find(|(it, _)| *it == kind).map(|(_, it)| *it);
            let name = match (&signs.service, signs.linked.is_some() || signs.chosen.is_some()) {
                (Some((name, _)), true) => name.clone(),
                _ => found.name.clone(),
            };
            let usage = scope_usage(scope, found);
            out.backings.push(Backing {
                name: name.clone(),
                kind: Fact {
                    value: kind.to_owned(),
                    evidence: signs.evidence(),
                    confidence: confidence.unwrap_or(Confidence::Low),
                },
                version: signs.service.as_ref().and_then(|(_, tag)| {
                    let tag = tag.as_deref()?;
                    let end = tag.find(|it: char| !(it.is_ascii_digit() || it == '.')).unwrap_or(tag.len());
                    let evidence = signs.linked.clone().or_else(|| signs.beside.clone())?;
                    (end > 0).then(|| Fact::new(tag[..end].to_owned(), evidence, Confidence::High))
                }),
                usage,
                optional: confidence.is_none(),
            });
            if confidence.is_some() {
                let wanted = Wanted { scope, known, kind, host: signs.service.as_ref().map(|(name, _)| name.as_str()) };
                out.needs.insert(name.clone(), Need { environment: wanted.environment(&values, &mut taken) });
            }
        }
    }
    out
}

/// Gives what speaks for one kind to another one that a compose file runs and that understands the same URLs: MariaDB for
/// clients of MySQL, Valkey for those of Redis.
fn understood(signs: &mut BTreeMap<&str, Signs>, known: &Detection) {
    let kinds: Vec<&str> = signs.keys().copied().collect();
    for kind in &kinds {
        let (of, own) = (&known.backings[*kind], &signs[kind]);
        if own.service.is_some() || !own.any() || of.family.is_none() {
            continue;
        }
        let other = kinds.iter().find(|it| {
            let (that, its) = (&known.backings[**it], &signs[**it]);
            let is_same = that.family == of.family && of.usual.iter().any(|it| that.usual.contains(it));
            is_same && its.service.is_some() && its.package.is_none() && its.chosen.is_none()
        });
        let Some(other) = other.copied() else { continue };
        let own = std::mem::take(signs.get_mut(kind).expect("it is one of them"));
        let its = signs.get_mut(other).expect("it is one of them");
        (its.package, its.chosen) = (own.package, own.chosen);
        its.variable = its.variable.take().or(own.variable);
    }
}

impl Signs {
    fn any(&self) -> bool {
        // What only stands in a compose file belongs to somebody else.
        self.package.is_some() || self.chosen.is_some() || self.variable.is_some() || self.linked.is_some()
    }

    fn evidence(&self) -> Vec<Evidence> {
        [&self.linked, &self.chosen, &self.package, &self.variable, &self.beside]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Which kinds of a family have to be there, and how sure that is.
fn needed<'k>(
    signs: &BTreeMap<&'k str, Signs>,
    kinds: &[&'k str],
    embedded: bool,
    alone: usize,
) -> Vec<(&'k str, Confidence)> {
    let with = |has: &dyn Fn(&Signs) -> bool| -> Vec<&'k str> {
        kinds.iter().filter(|it| has(&signs[**it])).copied().collect()
    };
    let linked = with(&|it| it.linked.is_some());
    if !linked.is_empty() {
        return linked.into_iter().map(|it| (it, Confidence::High)).collect();
    }
    if embedded {
        return Vec::new();
    }
    if let [one] = with(&|it| it.chosen.is_some())[..] {
        return vec![(one, Confidence::High)];
    }
    let packaged = with(&|it| it.package.is_some());
    match packaged[..] {
        [one] if signs[one].variable.is_some() || signs[one].beside.is_some() => vec![(one, Confidence::High)],
        // Who has a client for everything asks others for them, and keeps nothing there.
        [one] if alone <= 2 => vec![(one, Confidence::Medium)],
        _ => Vec::new(),
    }
}

fn signs(
    files: &Files<'_>,
    known: &BackingDetection,
    composes: &[Compose],
    linked: Option<(&Compose, &ComposeService)>,
) -> Signs {
    let scope = files.scope;
    let package = known.packages.iter().find_map(|it| {
        scope.package(it).filter(|(_, package)| !package.dev).map(|(_, package)| package.evidence.clone())
    });
    let mut out = Signs { package, ..Signs::default() };
    let urls = known.schemes.iter().map(|it| format!(r#"\b{}(\+\w+)?://"#, regex::escape(it)));
    let patterns: Vec<String> = known.chosen.iter().cloned().chain(urls).collect();
    out.chosen = patterns.iter().find_map(|it| files.find(it));
    out.variable = scope.variables.iter().find_map(|(name, evidence)| {
        known.variables.iter().any(|it| scope.tree.fits(it, name)).then(|| evidence.clone())
    });
    let is_one =
        |service: &ComposeService| service.image.as_ref().is_some_and(|(image, ..)| is_image(image, &known.images));
    for compose in composes {
        for service in compose.services.iter().filter(|it| is_one(it)) {
            let (_, tag, line) = service.image.clone().expect("it was filtered by its image");
            let evidence = compose.at(line);
            let is_linked = linked.is_some_and(|(own, it)| {
                own.file == compose.file
                    && (it.needs.contains(&service.name)
                        || it.environment.iter().any(|(_, value, _)| mentions(value, &service.name)))
            });
            if is_linked && out.linked.is_none() {
                out.linked = Some(evidence);
                out.service = Some((service.name.clone(), tag));
            } else {
                out.beside.get_or_insert(evidence);
                out.service.get_or_insert((service.name.clone(), tag));
            }
        }
    }
    out
}

/// Whether a value names a host: alone, or in a URL.
fn mentions(value: &str, host: &str) -> bool {
    value.split(|it: char| !(it.is_ascii_alphanumeric() || "_-.".contains(it))).any(|it| it == host)
}

/// Whether an image is one of these, from whatever registry.
pub(super) fn is_image(image: &str, known: &[String]) -> bool {
    let path = |it: &str| {
        let it = it.strip_prefix("docker.io/").unwrap_or(it);
        it.strip_prefix("library/").unwrap_or(it).to_owned()
    };
    let (image, last) = (path(image), name_of(image).to_owned());
    known.iter().any(|it| *it == image || !it.contains('/') && *it == last)
}

/// The texts that can speak for a backing.
struct Files<'s> {
    scope: &'s Scope<'s>,
    env_files: &'s [String],
}

impl Files<'_> {
    /// Where the first of them fits a pattern. A line of an env file above the program counts where the program reads it.
    fn find(&self, pattern: &str) -> Option<Evidence> {
        let pattern = self.scope.tree.pattern(pattern)?;
        self.scope.sources.iter().chain(self.env_files).find_map(|file| {
            let text = self.scope.tree.text(file)?;
            let is_shared = self.env_files.contains(file) && within(file, &self.scope.folder).is_none();
            let found = pattern.find_iter(&text).find(|it| {
                let line = text[..it.start()].rfind('\n').map_or(0, |it| it + 1);
                let line = text[line..].trim_start();
                let name = line.split('=').next().unwrap_or_default().trim();
                !is_comment(line) && (!is_shared || self.scope.variables.contains_key(name))
            })?;
            Some(Evidence::place(file.as_str(), Some(line_at(&text, found.start()))))
        })
    }
}

fn scope_usage(scope: &Scope<'_>, known: &BackingDetection) -> Option<Fact<String>> {
    known.usage.iter().find_map(|(usage, rules)| Some(scope.find(rules)?.with(usage.clone())))
}

/// One backing, as a program wants to be told of it.
struct Wanted<'s> {
    scope: &'s Scope<'s>,
    known: &'s Detection,
    kind: &'s str,
    /// What it is called in the compose file.
    host: Option<&'s str>,
}

impl Wanted<'_> {
    fn backing(&self) -> &BackingDetection {
        &self.known.backings[self.kind]
    }

    /// Which output goes into which variable, as far as the program names them, or its framework reads them.
    fn environment(&self, values: &BTreeMap<String, String>, taken: &mut BTreeSet<String>) -> IndexMap<String, String> {
        let free = values.iter().filter(|(name, _)| !taken.contains(*name));
        let found = free.filter_map(|(name, value)| Some((name.clone(), self.output(name, value)?)));
        let mut out: IndexMap<String, String> = found.collect();
        if !out.values().any(|it| it == "host" || it == "url" || it.contains("{host}")) {
            let wires = self.scope.stack.wires.iter().filter(|it| it.kind.iter().any(|it| it == self.kind));
            for (name, output) in wires.flat_map(|wire| self.scope.filled(&wire.when, &wire.environment)) {
                out.entry(name).or_insert(output);
            }
        }
        taken.extend(out.keys().cloned());
        out
    }

    /// What a variable gets that holds `value` elsewhere.
    fn output(&self, name: &str, value: &str) -> Option<String> {
        let backing = self.backing();
        let is_named = |patterns: &Vec<String>| patterns.iter().any(|it| self.scope.tree.fits(it, name));
        let named = backing.outputs.iter().find(|(_, patterns)| is_named(patterns)).map(|(output, _)| output.clone());
        let address = Some("{host}:{port}".to_owned());
        if let Some(url) = Url::read(value) {
            let is_there = self.host == Some(url.host);
            let is_of = |it: &BackingDetection| it.schemes.iter().any(|it| it == url.base());
            if !is_there && !is_of(backing) && (named.is_none() || self.known.backings.values().any(is_of)) {
                return None;
            }
            return Some(url.form(backing).unwrap_or_else(|| "url".to_owned()));
        }
        let (host, port) = value.split_once(':').unwrap_or((value, ""));
        let is_address = !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
        match (named.as_deref(), self.host == Some(host)) {
            (Some("url"), _) if is_address => address,
            (None, true) if is_address => address,
            (None, true) if port.is_empty() => Some("host".to_owned()),
            (Some("url"), _) if value.is_empty() => {
                let form = backing.forms.iter().find(|it| self.scope.any(std::slice::from_ref(&it.when)));
                form.map(|it| it.url.clone()).or(named)
            }
            _ => named,
        }
    }
}
