//! The rules of `detect.yaml`, held against one folder.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Captures;

use super::found::{Confidence, Evidence, Fact};
use super::tree::{Tree, at, folder_of, join, line_of, name_of, scalar, upwards, within};
use crate::catalog::{PackageSource, Rule, StackDetection};

/// No program has more sources that say something new, and reading is most of the time.
const MOST_SOURCES: usize = 400;

/// What is known of one folder as a program of one stack, and what was found so far.
pub(super) struct Scope<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) folder: String,
    pub(super) stack: &'t StackDetection,
    /// Where it is from the root of its workspace.
    pub(super) member: Option<String>,
    /// The program of the folder that this is about.
    pub(super) program: Option<String>,
    pub(super) name: String,
    pub(super) sources: Vec<String>,
    pub(super) packages: BTreeMap<String, Package>,
    pub(super) options: IndexMap<String, Fact<String>>,
    pub(super) start: Option<Fact<String>>,
    /// The folder that the start command changes to.
    pub(super) cd: String,
    pub(super) role: Option<String>,
    /// The version of the language that is asked for.
    pub(super) version: Option<String>,
    /// Names of variables with where they stand.
    pub(super) variables: BTreeMap<String, Evidence>,
}

/// A package that something depends on.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) version: String,
    pub(super) dev: bool,
    pub(super) evidence: Evidence,
}

/// What a rule found.
#[derive(Debug, Default)]
struct Hit {
    groups: Vec<Option<String>>,
    file: Option<String>,
    evidence: Option<Evidence>,
}

impl<'t> Scope<'t> {
    /// A folder, with its packages and sources; sources in folders of `others` and of `aside` belong to other programs.
    pub(super) fn new(
        tree: &'t Tree<'t>,
        stack: &'t StackDetection,
        folder: &str,
        others: &[String],
        aside: &[String],
    ) -> Scope<'t> {
        let others: Vec<&String> = others.iter().filter(|it| *it != folder && within(it, folder).is_some()).collect();
        let is_own = |file: &str| {
            let below = within(file, folder).unwrap_or(file);
            !folder_of(below).split('/').any(|it| aside.iter().any(|name| name == it))
                && !others.iter().any(|it| within(file, it).is_some())
        };
        let mut sources: Vec<String> = stack
            .sources
            .iter()
            .flat_map(|it| tree.glob(folder, it))
            .filter(|it| is_own(it))
            .map(str::to_owned)
            .collect();
        let rank = |it: &String| stack.first.iter().position(|first| first == name_of(it)).unwrap_or(usize::MAX);
        sources.sort_by_cached_key(|it| (rank(it), it.matches('/').count(), it.clone()));
        sources.dedup();
        sources.truncate(MOST_SOURCES);
        let mut scope = Scope { sources, ..Scope::bare(tree, stack, folder) };
        scope.find_packages();
        let aside: Vec<String> =
            scope.every(&stack.for_developers).into_iter().map(|it| join(folder, &it.value)).collect();
        scope.sources.retain(|it| !aside.contains(it));
        scope
    }

    /// Reads the packages that its manifests name.
    pub(super) fn find_packages(&mut self) {
        for source in &self.stack.packages {
            self.read_packages(source);
        }
    }

    /// A folder by its manifests alone, without packages and sources.
    pub(super) fn bare(tree: &'t Tree<'t>, stack: &'t StackDetection, folder: &str) -> Scope<'t> {
        Scope {
            tree,
            folder: folder.to_owned(),
            stack,
            member: None,
            program: None,
            name: String::new(),
            sources: Vec::new(),
            packages: BTreeMap::new(),
            options: IndexMap::new(),
            start: None,
            cd: String::new(),
            role: None,
            version: None,
            variables: BTreeMap::new(),
        }
    }

    /// The same with these sources alone, and nothing that was found yet.
    pub(super) fn only(&self, sources: Vec<String>) -> Scope<'t> {
        Scope {
            member: self.member.clone(),
            program: self.program.clone(),
            name: self.name.clone(),
            sources,
            packages: self.packages.clone(),
            ..Scope::bare(self.tree, self.stack, &self.folder)
        }
    }

    /// The first of the rules that holds, and what it says.
    pub(super) fn find(&self, rules: &[Rule]) -> Option<Fact<String>> {
        rules.iter().find_map(|it| self.all(it, true).into_iter().next())
    }

    /// Everything that a rule finds.
    pub(super) fn every(&self, rules: &[Rule]) -> Vec<Fact<String>> {
        rules.iter().flat_map(|it| self.all(it, false)).collect()
    }

    /// Whether one of the rules holds.
    pub(super) fn any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|it| !self.hits(it, true).is_empty())
    }

    /// The package of this name, if it is depended on; a name that ends with `*` stands for all that begin so.
    pub(super) fn package(&self, name: &str) -> Option<(&str, &Package)> {
        let name = normal(name);
        match name.strip_suffix('*') {
            Some(start) => self.packages.iter().find(|(it, _)| it.starts_with(start)),
            None => self.packages.get_key_value(&name),
        }
        .map(|(name, it)| (name.as_str(), it))
    }

    /// Names and texts with what each place where a rule holds puts into them.
    pub(super) fn filled(&self, rule: &Rule, texts: &IndexMap<String, String>) -> Vec<(String, String)> {
        let hits = self.hits(rule, false);
        let filled = hits.iter().flat_map(|hit| {
            texts.iter().filter_map(|(name, text)| Some((self.expanded(name, hit)?, self.expanded(text, hit)?)))
        });
        filled.collect()
    }

    fn all(&self, rule: &Rule, first: bool) -> Vec<Fact<String>> {
        let hits = self.hits(rule, first);
        hits.into_iter()
            .filter_map(|hit| {
                let value = match &rule.value {
                    Some(value) => self.expanded(value, &hit)?,
                    None => hit.groups.get(1).or(hit.groups.first())?.clone()?.trim().to_owned(),
                };
                let evidence = match (&hit.evidence, &rule.why) {
                    (Some(it), Some(why)) => it.clone().because(why),
                    (Some(it), None) => it.clone(),
                    (None, Some(why)) => Evidence::why(why),
                    (None, None) => Evidence::why("what else was found"),
                };
                let guessed = if rule.file.is_empty() { Confidence::Medium } else { Confidence::High };
                Some(Fact::new(value, evidence, rule.confidence.unwrap_or(guessed)))
            })
            .collect()
    }

    /// Where a rule holds; `first` is enough, or all places.
    fn hits(&self, rule: &Rule, first: bool) -> Vec<Hit> {
        let is_option = |(name, values): (&String, &crate::catalog::Words)| {
            self.options.get(name).is_some_and(|it| values.is_empty() || values.contains(&it.value))
        };
        let role = self.role.as_deref().unwrap_or_default();
        if !rule.option.iter().all(is_option)
            || !(rule.role.is_empty() || rule.role.iter().any(|it| it == role))
            || rule.member.as_deref().is_some_and(|it| !self.tree.fits(it, self.member.as_deref().unwrap_or_default()))
            || rule
                .program
                .as_deref()
                .is_some_and(|it| !self.tree.fits(it, self.program.as_deref().unwrap_or_default()))
            || rule
                .version
                .as_deref()
                .is_some_and(|it| !self.version.as_deref().is_some_and(|version| self.tree.fits(it, version)))
            || rule.unless.iter().any(|it| !self.hits(it, true).is_empty())
        {
            return Vec::new();
        }
        let mut besides = Vec::new();
        besides.extend(rule.option.keys().filter_map(|it| self.options.get(it)).map(|it| Hit {
            groups: vec![Some(it.value.clone())],
            file: None,
            evidence: it.evidence.first().cloned(),
        }));
        for it in &rule.all {
            match self.hits(it, true).into_iter().next() {
                Some(hit) => besides.push(hit),
                None => return Vec::new(),
            }
        }
        if let Some(pattern) = &rule.start {
            let Some(start) = &self.start else { return Vec::new() };
            let Some(hit) = self.in_text(pattern, &start.value) else { return Vec::new() };
            besides.push(Hit { evidence: start.evidence.first().cloned(), ..hit });
        }
        if let Some(pattern) = &rule.variable {
            let found = self.variables.iter().find_map(|(name, it)| Some((self.in_text(pattern, name)?, it)));
            let Some((hit, evidence)) = found else { return Vec::new() };
            besides.push(Hit { evidence: Some(evidence.clone()), ..hit });
        }
        if !rule.package.is_empty() {
            let found = rule.package.iter().filter_map(|it| self.package(it));
            let Some((name, package)) = found.into_iter().find(|(_, it)| rule.dev || !it.dev) else {
                return Vec::new();
            };
            let groups = vec![Some(name.to_owned()), Some(package.version.clone())];
            besides.push(Hit { groups, file: None, evidence: Some(package.evidence.clone()) });
        }
        let mut hits = if let Some(pattern) = &rule.code {
            self.in_code(pattern, rule.beside.as_deref(), first)
        } else if rule.file.is_empty() {
            return vec![besides.pop().unwrap_or_default()];
        } else {
            self.in_files(rule, first)
        };
        if first {
            hits.truncate(1);
        }
        hits
    }

    fn in_text(&self, pattern: &str, text: &str) -> Option<Hit> {
        let pattern = self.tree.pattern(pattern)?;
        pattern.captures(text).map(|it| Hit { groups: groups(&it), file: None, evidence: None })
    }

    /// Where the sources that fit `beside`, if there is one, fit a pattern, comments left out.
    fn in_code(&self, pattern: &str, beside: Option<&str>, first: bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        for file in &self.sources {
            if let Some(text) = self.tree.text(file)
                && beside.is_none_or(|it| self.tree.fits(it, &text))
            {
                hits.extend(self.in_lines(pattern, file, &text, first));
            }
            if first && !hits.is_empty() {
                break;
            }
        }
        hits
    }

    fn in_lines(&self, pattern: &str, file: &str, text: &str, first: bool) -> Vec<Hit> {
        let Some(pattern) = self.tree.pattern(pattern) else { return Vec::new() };
        // Counted on from the hit before: there can be as many hits as lines.
        let (mut at, mut number) = (0, 1);
        let hits = pattern.captures_iter(text).filter_map(|it| {
            let start = it.get(0)?.start();
            let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
            number += text.as_bytes()[at..start].iter().filter(|it| **it == b'\n').count();
            at = start;
            let evidence = Evidence::place(file, Some(number));
            let hit = Hit { groups: groups(&it), file: Some(file.to_owned()), evidence: Some(evidence) };
            (!is_comment(text[line..].trim_start())).then_some(hit)
        });
        if first { hits.take(1).collect() } else { hits.collect() }
    }

    fn in_files(&self, rule: &Rule, first: bool) -> Vec<Hit> {
        let folders = if rule.above { upwards(&self.folder) } else { vec![self.folder.as_str()] };
        let mut hits = Vec::new();
        for folder in folders {
            for glob in rule.file.iter() {
                let glob = self.expanded(glob, &Hit::default()).unwrap_or_else(|| glob.clone());
                for file in self.tree.glob(folder, glob.trim_start_matches("./")) {
                    hits.extend(self.in_file(rule, file, first));
                    if first && !hits.is_empty() {
                        return hits;
                    }
                }
            }
        }
        hits
    }

    fn in_file(&self, rule: &Rule, file: &str, first: bool) -> Vec<Hit> {
        let hit = |groups, line| {
            let evidence = Some(Evidence::place(file, line));
            Hit { groups, file: Some(file.to_owned()), evidence }
        };
        let Some(place) = &rule.at else {
            return match &rule.pattern {
                Some(pattern) => {
                    let text = self.tree.text(file);
                    text.map(|it| self.in_lines(pattern, file, &it, first)).unwrap_or_default()
                }
                None => vec![hit(vec![Some(file.to_owned())], None)],
            };
        };
        let (Some(value), Some(text)) = (self.tree.value(file), self.tree.text(file)) else { return Vec::new() };
        let mut hits = Vec::new();
        for (key, it) in at(&value, place) {
            let items: Vec<String> = match it {
                serde_json::Value::Array(items) => items.iter().filter_map(scalar).collect(),
                serde_json::Value::Object(_) if rule.pattern.is_none() => vec![key.clone()],
                it => scalar(it).into_iter().collect(),
            };
            for item in items {
                let line = line_of(&text, &key, &item);
                match &rule.pattern {
                    Some(pattern) => {
                        let found = self.in_text(pattern, &item);
                        hits.extend(found.map(|it| hit(it.groups, line)));
                    }
                    None => hits.push(hit(vec![Some(item)], line)),
                }
            }
        }
        hits
    }

    /// A value with its `$1` and `${names}` filled in; `None` where one of them stands for nothing.
    fn expanded(&self, value: &str, hit: &Hit) -> Option<String> {
        let group = |number: usize| hit.groups.get(number).and_then(Clone::clone);
        let file = || within(hit.file.as_deref()?, &self.folder).or(hit.file.as_deref()).map(str::to_owned);
        let stem = |it: String| it.rsplit_once('.').map_or(it.clone(), |(stem, _)| stem.to_owned());
        let mut out = String::new();
        let mut rest = value;
        while let Some(start) = rest.find('$') {
            out.push_str(&rest[..start]);
            let after = &rest[start + 1..];
            let (name, length) = match after.strip_prefix('{').and_then(|it| it.split_once('}')) {
                Some((name, _)) => (name, name.len() + 2),
                None => {
                    let digits = after.len() - after.trim_start_matches(|it: char| it.is_ascii_digit()).len();
                    (&after[..digits], digits)
                }
            };
            if name.is_empty() {
                out.push('$');
            } else if let Ok(number) = name.parse() {
                out.push_str(&group(number)?);
            } else {
                out.push_str(&match name {
                    "file" => file()?,
                    "folder" => folder_of(&file()?).to_owned(),
                    "stem" => stem(name_of(&file()?).to_owned()),
                    "module" => {
                        let path = stem(file()?);
                        let path = path.strip_prefix("src/").unwrap_or(&path);
                        path.strip_suffix("/__init__").unwrap_or(path).replace('/', ".")
                    }
                    "member" => self.member.clone()?,
                    "program" => self.program.clone()?,
                    "cd" if self.cd.is_empty() => String::new(),
                    "cd" => format!("{}/", self.cd),
                    "name" => self.name.clone(),
                    "path" => self.folder.clone(),
                    option => self.options.get(option)?.value.clone(),
                });
            }
            rest = &after[length..];
        }
        out.push_str(rest);
        Some(out)
    }

    fn read_packages(&mut self, source: &PackageSource) {
        let folders = if source.above { upwards(&self.folder) } else { vec![self.folder.as_str()] };
        let files: Vec<String> = folders
            .iter()
            .flat_map(|folder| source.file.iter().flat_map(|it| self.tree.glob(folder, it)))
            .map(str::to_owned)
            .collect();
        for file in files {
            let Some(text) = self.tree.text(&file) else { continue };
            let found: Vec<(String, String, Option<usize>)> = match (&source.at, &source.pattern) {
                (Some(place), _) => {
                    let Some(value) = self.tree.value(&file) else { continue };
                    at(&value, place).into_iter().flat_map(|(_, it)| named(it, source, &text)).collect()
                }
                (None, Some(pattern)) => self
                    .in_lines(pattern, &file, &text, false)
                    .into_iter()
                    .filter_map(|it| {
                        let group = |at: usize| it.groups.get(at).and_then(Clone::clone);
                        Some((group(1)?, group(2).unwrap_or_default(), it.evidence?.line))
                    })
                    .collect(),
                (None, None) => Vec::new(),
            };
            for (name, version, line) in found {
                let evidence = Evidence::place(&file, line);
                let package = Package { version, dev: source.dev, evidence };
                // What is needed to run goes before what developers have besides.
                match self.packages.get_mut(&normal(&name)) {
                    Some(it) if it.dev && !package.dev => *it = package,
                    Some(_) => {}
                    None => drop(self.packages.insert(normal(&name), package)),
                }
            }
        }
    }
}

/// The packages that a map, a list or a table names.
fn named(value: &serde_json::Value, source: &PackageSource, text: &str) -> Vec<(String, String, Option<usize>)> {
    use serde_json::Value;
    let with_line = |name: String, version: String| {
        let line = line_of(text, &name, &version);
        (name, version, line)
    };
    let table = |item: &Value| -> Option<(String, String, Option<usize>)> {
        let mut name = source.name.clone()?;
        let map = item.as_object()?;
        let mut last = String::new();
        for (key, it) in map {
            if let Some(it) = scalar(it)
                && name.contains(&format!("${{{key}}}"))
            {
                name = name.replace(&format!("${{{key}}}"), &it);
                last = it;
            }
        }
        let field = |it: &str| map.get(it).and_then(scalar);
        let version = field("version").or_else(|| field("@Version")).unwrap_or_default();
        // Where the name is put together, its last part is what the file has.
        (!name.contains("${")).then(|| (name, version, line_of(text, &last, "")))
    };
    match value {
        Value::Object(map) if source.name.is_none() => map
            .iter()
            .map(|(name, it)| {
                let version = scalar(it).or_else(|| it.get("version").and_then(scalar)).unwrap_or_default();
                with_line(name.clone(), version)
            })
            .collect(),
        Value::Object(_) => table(value).into_iter().collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|it| match it {
                Value::String(it) => {
                    let end = it.find(|it: char| !(it.is_alphanumeric() || "_.-/@".contains(it))).unwrap_or(it.len());
                    let line = line_of(text, &it[..end], "");
                    Some((it[..end].to_owned(), it[end..].trim().to_owned(), line))
                }
                it => table(it),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Names of packages differ in case and strokes from file to file.
pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn groups(captures: &Captures<'_>) -> Vec<Option<String>> {
    captures.iter().map(|it| it.map(|it| it.as_str().to_owned())).collect()
}

/// Whether a line says nothing to the machine, in one of the languages of the catalogue.
pub(super) fn is_comment(line: &str) -> bool {
    let is_hash = line.starts_with('#') && !line.starts_with("#[") && !line.starts_with("#!");
    is_hash || ["//", "* ", "/*", "--", ";", "<!--", "%"].iter().any(|it| line.starts_with(it))
}

/// A path below a folder that is perhaps the root, as people write it.
pub(super) fn shown(folder: &str) -> String {
    if folder.is_empty() { ".".to_owned() } else { join("", folder) }
}
