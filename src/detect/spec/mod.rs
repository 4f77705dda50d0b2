//! What was found as the text of a `forge.yaml`, with the evidence beside what was inferred.

mod gateway;
mod settings;

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};

pub use self::settings::fits;
use self::settings::{Declared, fits_one};
use super::command::split;
use super::found::{Backing, Fact, Found, PackageUse, Service};
use super::version::{chosen, is_range, numbers};
use super::{slug, tree};
use crate::catalog::{Catalog, Detection, Entry, Selection, StackFacts, System};
use crate::render::tree::{Entry as Line, Tree, entry};
use crate::render::{one_line, shell};
use crate::spec::CONTEXT;

/// Where data lie that would lie beside the code.
const DATA: &str = "/data";

/// The variant of base images that has a shell and packages.
const SLIM: &str = "slim";

/// What a spec is made of.
pub struct Draft<'a> {
    /// What was found.
    pub found: &'a Found,
    /// What can be built and run.
    pub catalog: &'a Catalog,
    /// What is recognised.
    pub known: &'a Detection,
    /// The name of the project.
    pub name: String,
    /// The domain that people reach it at, where there is one already.
    pub domain: Option<String>,
    /// Where outputs lie, where files of other people are in the way of the usual places: `layout:`.
    pub layout: Option<Value>,
}

/// A spec, and what it leaves to its author.
pub struct Written {
    /// The text of `forge.yaml`.
    pub text: String,
    /// What could not be said in it, in sentences.
    pub open: Vec<String>,
    /// What somebody has to supply before the first start: `secrets/OPENAI_API_KEY`, `REGION in .env`.
    pub wanted: Vec<String>,
}

impl Draft<'_> {
    /// The text, in the order of the documentation.
    pub fn write(&self) -> Written {
        let mut declared = Declared::default();
        let services: Vec<Line> = self.found.services.iter().filter_map(|it| self.service(it, &mut declared)).collect();
        let names: BTreeSet<String> = services.iter().map(|it| it.key.clone()).collect();
        let mut root = vec![entry("forge", Tree::Number(1)), entry("name", Tree::text(&*self.name))];
        if services.is_empty() {
            declared.open.push("nothing that forge can build was found: write `services:` by hand".to_owned());
        }
        root.push(entry("services", Tree::map(services)));
        let backings: Vec<Line> = self.found.backings.iter().filter_map(|it| self.backing(it, &mut declared)).collect();
        if !backings.is_empty() {
            root.push(entry("backings", Tree::map(backings)));
        }
        if !declared.secrets.is_empty() {
            root.push(entry("secrets", Tree::map(declared.secrets.into_values())));
        }
        if !declared.variables.is_empty() {
            root.push(entry("variables", Tree::map(declared.variables.into_values())));
        }
        root.extend(self.gateway(&names));
        if !declared.patches.is_empty() {
            let comment =
                "the file would lie beside the code, where nothing is written: better, let a variable say where it is";
            root.push(entry("patches", Tree::list(std::mem::take(&mut declared.patches))).comment(comment));
        }
        if let Some(layout) = &self.layout {
            let mut comment =
                "files of these names are there already, and stay as they are; take this out once they are gone"
                    .to_owned();
            if root.iter().any(|it| it.key == "patches") {
                comment.push_str(", and let `patches` name the Dockerfile that is made then");
            }
            root.push(entry("layout", value(layout)).comment(comment));
        }
        let mut text = "# yaml-language-server: $schema=.forge/schema.json\n# Written by `forge init`. Beside what was inferred stands where it comes from; `forge init --explain` says more.\n".to_owned();
        for note in &self.found.notes {
            text.push_str(&format!("# {}\n", one_line(&note.to_string())));
        }
        text.push_str(&Tree::map(root).document());
        let optional = self.found.backings.iter().filter(|it| it.optional);
        let unused: Vec<String> = optional
            .map(|it| format!("#   {}: {{ kind: {} }}  # {}", it.name, it.kind.value, one_line(&it.kind.because())))
            .collect();
        if !unused.is_empty() {
            text.push_str("\n# It can use these, too; nothing says that it has to:\n# backings:\n");
            text.push_str(&(unused.join("\n") + "\n"));
        }
        let open = self.found.open.iter().map(ToString::to_string).chain(declared.open).collect();
        Written { text, open, wanted: declared.wanted.into_iter().collect() }
    }

    fn service(&self, it: &Service, declared: &mut Declared) -> Option<Line> {
        let name = &it.name.value;
        let mut lines = Vec::new();
        if let Some(from) = &it.from {
            let start = it.start.as_ref()?;
            let command =
                if start.value.words.is_empty() { split(&start.value.text) } else { start.value.words.clone() };
            lines.push(entry("from", Tree::text(&**from)));
            lines.push(entry("command", words(&in_folder(&start.value.folder, &command))).comment(start.because()));
            lines.push(self.no_port(it, true));
            lines.extend(self.settings(it, None, None, declared));
            return Some(entry(&**name, Tree::map(lines)).comment(self.headline(it)));
        }
        let Some((stack, entry_of)) = self.catalog.stacks.get_key_value(&it.stack.value) else {
            declared.open.push(format!(
                "`{name}` in {} is {}, for which there is no stack `{}`: write one, or build it with a Dockerfile of your own",
                it.path, it.language, it.stack.value
            ));
            return None;
        };
        let is_name = regex::Regex::new(CONTEXT).is_ok_and(|pattern| pattern.is_match(&it.context));
        if !is_name {
            declared
                .open
                .push(format!("`{name}` lies in `{}`, which no compose file can name: rename the folder", it.context));
            return None;
        }
        let (mut options, refused) = self.options(it, entry_of);
        let version = it.version.as_ref().and_then(|asked| {
            let known: Vec<&str> = entry_of.versions.keys().map(String::as_str).collect();
            Some((asked, chosen(&asked.value, &known, &entry_of.default_version)?.to_owned()))
        });
        let mut selection = Selection {
            version: version.as_ref().map_or_else(|| entry_of.default_version.clone(), |(_, it)| it.clone()),
            options: entry_of.fill_options(&options.iter().map(|(name, it)| (name.clone(), it.clone())).collect()),
            usage: None,
            program: None,
        };
        let mut facts = entry_of.facts::<StackFacts>(&selection).ok();
        let has_slim = entry_of.options.get("variant").and_then(|it| it["enum"].as_array());
        if facts.as_ref().is_some_and(|facts| self.wants_more(it, facts))
            && has_slim.is_some_and(|it| it.contains(&SLIM.into()))
        {
            options.insert("variant".to_owned(), SLIM.into());
            selection.options =
                entry_of.fill_options(&options.iter().map(|(name, it)| (name.clone(), it.clone())).collect());
            facts = entry_of.facts::<StackFacts>(&selection).ok();
        }
        lines.push(self.build(it, stack, &options, version.as_ref(), refused, declared));
        let port = port(it, facts.as_ref());
        let command = self.command(it, facts.as_ref(), &options, &selection, port, declared);
        if let Some(port) = port.filter(|_| self.is_port_open(it, facts.as_ref(), command.is_some())) {
            declared.open.push(format!(
                "nothing says on which port `{name}` listens; {port} is what was taken: write `port: …` there if it is another"
            ));
        }
        lines.extend(command);
        if let Some(port) = port.filter(|it| facts.as_ref().is_none_or(|facts| facts.port != Some(*it))) {
            let line = entry("port", Tree::Number(port.into()));
            lines.push(match &it.port {
                Some(fact) if fact.value == port => line.comment(fact.because()),
                Some(fact) => {
                    line.comment(format!("{} at {}: below 1024 only root can listen", fact.value, fact.because()))
                }
                None => line.comment("a guess: nothing says where it listens"),
            });
        }
        let role = it.role.as_ref().map(|it| it.value.as_str());
        let has_port = port.is_some() || facts.as_ref().is_some_and(|it| it.port.is_some());
        match &it.health {
            Some(health) if has_port && role == Some("web") => {
                let probe = Tree::flow_map([entry("http", Tree::text(&*health.value))]);
                lines.push(entry("healthcheck", probe).comment(health.because()));
            }
            _ if !has_port => {
                lines.push(self.no_port(it, facts.as_ref().is_some_and(|it| !it.probe.connect.is_empty())));
            }
            _ => {}
        }
        lines.extend(self.needs(it, facts.as_ref(), declared));
        lines.extend(self.settings(it, facts.as_ref(), port, declared));
        if let Some(migrate) = &it.migrate {
            let command = Tree::flow_map([entry("command", words(&split(&migrate.value)))]);
            lines.push(entry("migrate", command).comment(format!("once per deploy; {}", migrate.because())));
        }
        let workdir = facts.as_ref().map_or("/app", |it| it.workdir.as_str());
        let mut volumes = IndexMap::new();
        for volume in &it.volumes {
            let path = volume.value.trim_end_matches('/');
            let path = if path.starts_with('/') { path.to_owned() } else { format!("{workdir}/{path}") };
            if path.len() > 1 && !path.starts_with("/tmp") {
                volumes.insert(path, volume.because());
            }
        }
        for (path, because) in self.data(it, workdir, declared) {
            volumes.entry(path).or_insert(because);
        }
        let volumes: Vec<Line> = volumes
            .into_iter()
            .map(|(path, because)| {
                let last = slug(tree::name_of(&path), "data");
                let volume = Tree::flow_map([entry("volume", Tree::text(format!("{name}-{last}")))]);
                entry(path, volume).comment(because)
            })
            .collect();
        if !volumes.is_empty() {
            lines.push(entry("writable", Tree::map(volumes)));
        }
        except(it, &mut lines);
        Some(entry(&**name, Tree::map(lines)).comment(self.headline(it)))
    }

    /// The folders of files that a program keeps its data in. One beside the code is a link into a folder of its own: the
    /// code belongs to root, and a volume over it would hide it.
    fn data(&self, it: &Service, workdir: &str, declared: &mut Declared) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for file in &it.data {
            let folder = file.value.rsplit_once('/').map(|(folder, _)| folder);
            match folder {
                Some(folder) if folder.starts_with('/') => out.push((folder.to_owned(), file.because())),
                Some(folder) => out.push((format!("{workdir}/{folder}"), file.because())),
                None => {
                    out.push((DATA.to_owned(), file.because()));
                    let is_set = it.variables.values().any(|it| settings::is_moved(&it.value));
                    if !is_set {
                        let link = format!("RUN ln -sf {DATA}/{0} {workdir}/{0}", file.value);
                        let patch = [
                            entry("file", Tree::text(self.dockerfile(it))),
                            entry("at", Tree::text("final.USER")),
                            entry("before", Tree::text(link)),
                        ];
                        declared.patches.push(Tree::flow_map(patch));
                    }
                }
            }
        }
        out
    }

    /// Where the Dockerfile of a service comes to lie.
    fn dockerfile(&self, it: &Service) -> String {
        let name = &it.name.value;
        if let Some(form) = self.layout.as_ref().and_then(|it| it["dockerfile"].as_str()) {
            return form.replace("{service}", name);
        }
        let own = self.found.services.iter().filter(|other| other.from.is_none() && other.context == it.context);
        let file = if own.count() > 1 { format!("{name}.Dockerfile") } else { "Dockerfile".to_owned() };
        if it.context == "." { file } else { format!("{}/{file}", it.context) }
    }

    /// Whether a service wants what its image does not have: packages, or somebody who puts secrets into variables.
    fn wants_more(&self, it: &Service, facts: &StackFacts) -> bool {
        let has_secret = it.variables.values().any(|it| it.value.secret)
            || it.needs.values().flat_map(|it| it.environment.values()).any(|it| {
                matches!(it.as_str(), "url" | "password" | "key" | "secret_key") || it.contains("{password}")
            });
        let has_packages = self.packages(it).is_some_and(|it| it.value.get("run").is_some())
            || it.data.iter().any(|it| !it.value.contains('/'));
        has_secret && !facts.shell && facts.entrypoint.is_none()
            || (has_packages || it.migrate.is_some() && !facts.shell && facts.entrypoint.is_none())
                && facts.system == System::Distroless
    }

    /// The probe of what listens nowhere: whether it reaches what it works for, its queue before all.
    fn no_port(&self, it: &Service, connects: bool) -> Line {
        let whole = it.from.as_ref().and_then(|from| self.found.services.iter().find(|it| it.name.value == *from));
        let needs = &whole.unwrap_or(it).needs;
        let backings = needs.keys().filter_map(|name| self.found.backings.iter().find(|it| it.name == *name));
        let queue = backings.filter(|it| !it.optional).min_by_key(|it| {
            let is_queue = it.usage.as_ref().is_some_and(|it| it.value == "queue");
            !(is_queue || matches!(it.name.as_str(), "queue" | "broker"))
        });
        let Some(queue) = queue.filter(|_| connects) else { return no_probe() };
        let comment = "better, as it sees one that hangs: touch a file now and then, and write { file: { path: /tmp/alive, max_age: 60s } }";
        let probe = Tree::flow_map([entry("reaches", Tree::text(&*queue.name))]);
        entry("healthcheck", probe).comment(comment)
    }

    /// What a service is, in a line or two.
    fn headline(&self, it: &Service) -> String {
        let role = it.role.as_ref().map_or("program", |it| it.value.as_str());
        let what = match role {
            "script" => {
                "a program that starts, does its work and may end: a service is started again and again".to_owned()
            }
            "static" => "files for a browser".to_owned(),
            other => format!("{other}, {}", it.language),
        };
        let mut out = format!("{what}: {}", it.stack.because());
        for also in &it.also {
            out.push_str(&format!("\nalso {}: {}", also.value, also.because()));
        }
        if let Some(dockerfile) = &it.dockerfile {
            let user = dockerfile.user.as_deref().unwrap_or("root");
            out.push_str(&format!(
                "\nwas built by {} on {}, {} stage{}, run by {user}",
                dockerfile.file,
                dockerfile.base,
                dockerfile.stages,
                if dockerfile.stages == 1 { "" } else { "s" }
            ));
        }
        out
    }

    fn build(
        &self,
        it: &Service,
        stack: &str,
        options: &IndexMap<String, Value>,
        version: Option<&(&Fact<String>, String)>,
        mut comments: Vec<String>,
        declared: &mut Declared,
    ) -> Line {
        let context = if it.context == "." { ".".to_owned() } else { format!("./{}", it.context) };
        let mut build = vec![entry("stack", Tree::text(stack)), entry("context", Tree::text(context))];
        if let Some((asked, version)) = version {
            let line = entry("version", Tree::text(version.as_str()));
            build.push(line.comment(if asked.value == *version {
                asked.because()
            } else {
                let is_far = !is_range(&asked.value) && !is_same(&asked.value, version);
                let far = if is_far { "; the nearest that forge builds with" } else { "" };
                format!("asked for {}: {}{far}", asked.value, asked.because())
            }));
        }
        let chosen: Vec<Line> = options
            .iter()
            .map(|(name, choice)| {
                let line = entry(&**name, value(choice));
                match it.options.get(name) {
                    Some(fact) => line.comment(fact.because()),
                    None if name == "variant" => {
                        line.comment("the usual image has no shell: packages and secrets in variables want one")
                    }
                    None => line,
                }
            })
            .collect();
        if !chosen.is_empty() {
            build.push(entry("options", Tree::map(chosen)));
        }
        build.extend(it.options.get("uid").map(|uid| user(uid, it.options.get("gid"))));
        build.extend(self.packages(it));
        build.extend(self.arguments(it));
        for (name, because) in self.missing_arguments(it) {
            comments
                .push(format!("{name} is compiled in, and nothing says what it holds: give it under args; {because}"));
            declared.wanted.insert(format!("{name} in build.args of {}", it.name.value));
        }
        let line = entry("build", Tree::map(build));
        if comments.is_empty() { line } else { line.comment(comments.join("\n")) }
    }

    /// The options that the stack takes, and a word for each that it does not.
    fn options(&self, it: &Service, entry: &Entry) -> (IndexMap<String, Value>, Vec<String>) {
        let mut out = IndexMap::new();
        let mut refused = Vec::new();
        for (name, fact) in &it.options {
            let Some(schema) = entry.options.get(name) else { continue };
            let words = self.known.stacks.get(&it.stack.value).and_then(|it| it.words.get(name));
            let text = words.and_then(|it| it.get(&fact.value)).unwrap_or(&fact.value).clone();
            let value = match schema["type"].as_str() {
                Some("array") => text.split(' ').map(str::to_owned).collect(),
                Some("boolean") => Value::Bool(text == "true"),
                Some("integer") => text.parse::<u64>().map_or(Value::Null, Value::from),
                _ => Value::String(text.clone()),
            };
            let is_known = schema["enum"].as_array().is_none_or(|it| it.contains(&value));
            let is_right = schema["pattern"].as_str().is_none_or(|pattern| fits_one(pattern, &text));
            if is_known && is_right && !value.is_null() {
                if schema.get("default") != Some(&value) || self.known.common.said.contains(name) {
                    out.insert(name.clone(), value);
                }
            } else if name != "framework" || fact.value != "none" {
                refused.push(format!("{name} {}: {}; the stack has no word for it", fact.value, fact.because()));
            }
        }
        (out, refused)
    }

    fn packages(&self, it: &Service) -> Option<Line> {
        let common = &self.known.common;
        let is_name =
            |name: &str| name.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it)) && name.len() > 1;
        let (mut build, mut run, mut reasons) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (name, fact) in &it.packages {
            if !is_name(name) || fits(&common.needless_packages, name) {
                continue;
            }
            let for_build = fact.value == PackageUse::Build || fits(&common.build_packages, name);
            if for_build { &mut build } else { &mut run }.push(Tree::text(&**name));
            reasons.insert(fact.because());
        }
        let mut sets = Vec::new();
        if !build.is_empty() {
            sets.push(entry("build", Tree::flow_list(build)));
        }
        if !run.is_empty() {
            sets.push(entry("run", Tree::flow_list(run)));
        }
        let reasons: Vec<String> = reasons.into_iter().collect();
        (!sets.is_empty()).then(|| entry("packages", Tree::map(sets)).comment(reasons.join(", ")))
    }

    /// The command, where the stack has none, or somebody wrote another one down.
    fn command(
        &self,
        it: &Service,
        facts: Option<&StackFacts>,
        options: &IndexMap<String, Value>,
        selection: &Selection,
        port: Option<u16>,
        declared: &mut Declared,
    ) -> Option<Line> {
        let facts = facts?;
        if facts.image_command {
            // What the Dockerfile says stays there.
            let start = it.start.as_ref()?;
            let is_own = it.dockerfile.as_ref().is_some_and(|it| start.evidence[0].file.as_ref() == Some(&it.file));
            return (!is_own).then(|| entry("command", words(&start.value.words)).comment(start.because()));
        }
        // What serves files is the stack's, whatever did before.
        if settings::is_static(it) && !facts.command.is_empty() {
            return None;
        }
        let own: Vec<String> = it.start.as_ref().map(|it| it.value.words.clone()).unwrap_or_default();
        let usual = facts.command.first().map(String::as_str).unwrap_or_default();
        let own = with_port(&own, port.or(facts.port));
        let Some(own) = own.filter(|it| !it.is_empty()) else {
            if facts.command.is_empty() {
                let name = &it.name.value;
                let known = it
                    .start
                    .as_ref()
                    .map(|it| format!(" ({} says `{}`, which needs a shell)", it.because(), it.value.text));
                declared.open.push(format!(
                    "nothing says how `{name}` is started{}: write `command: [program, argument, …]` there",
                    known.unwrap_or_default()
                ));
            }
            return None;
        };
        let is_compiled = self.known.stacks.get(&it.stack.value).is_some_and(|it| it.compiled);
        let start = it.start.as_ref()?;
        let file = start.evidence.first().and_then(|it| it.file.as_deref()).unwrap_or_default();
        let is_shipped = ["Procfile", "ockerfile", "compose"].iter().any(|it| tree::name_of(file).contains(it));
        if is_compiled {
            let values = minijinja::context! { options => minijinja::Value::from(minijinja::value::Serde(&selection.options)), version => selection.version.clone(), port => port, name => it.name.value.clone() };
            let usual: Option<Vec<String>> =
                facts.command.iter().map(|it| self.catalog.fill(it, &values).ok()).collect();
            let whole: Vec<String> = usual?.into_iter().chain(own.iter().cloned()).collect();
            return (is_shipped && !whole.is_empty() && !own[0].starts_with('.'))
                .then(|| entry("command", words(&whole)).comment(start.because()));
        }
        if start.value.kept == Some(false) {
            return None;
        }
        if !start.value.folder.is_empty() {
            return Some(entry("command", words(&in_folder(&start.value.folder, &own))).comment(start.because()));
        }
        let is_framework = options.get("framework").is_some_and(|it| it != "plain");
        let is_main = own[0] == usual && options.contains_key("main");
        // What the stack starts with the same program is hardened: proxy headers, graceful stops.
        let is_usual = start.value.kept.is_none() && (is_main || is_framework && (!is_shipped || own[0] == usual));
        (facts.command.is_empty() || !is_usual).then(|| entry("command", words(&own)).comment(start.because()))
    }

    /// Whether nothing says where a service listens: neither its files, nor a variable, nor a command that is told.
    fn is_port_open(&self, it: &Service, facts: Option<&StackFacts>, has_command: bool) -> bool {
        let Some(facts) = facts else { return false };
        let is_told = |text: &String| text.contains("port");
        let is_started = it.start.as_ref().is_some_and(|it| it.value.text.contains("PORT"));
        let is_set = facts.environment.values().any(is_told) || !facts.companions.is_empty();
        // A program of its framework's own listens where that does.
        let is_commanded = if has_command { facts.port.is_some() } else { facts.command.iter().any(is_told) };
        it.port.is_none() && it.port_variable.is_none() && !is_started && !is_set && !is_commanded
    }

    /// What there is to say where a program is not given the password without which the backing refuses it.
    fn refused(&self, it: &Service, backing: &Backing, given: &[&String], declared: &mut Declared) -> Option<String> {
        let kind = self.catalog.backings.get(&backing.kind.value)?;
        let is_given = given.iter().any(|it| it.contains("password") || is_secret(kind, it));
        if is_given || !is_secret(kind, "url") {
            return None;
        }
        let (name, backing, kind) = (&it.name.value, &backing.name, backing.kind.value.to_uppercase());
        let what =
            format!("nothing shows that `{name}` reads a password for `{backing}`, which refuses it without one");
        let how = format!("let it read {kind}_URL, and write `{backing}: {{ environment: {{ {kind}_URL: url }} }}`");
        declared.open.push(format!("{what}: {how} below its `needs`"));
        Some(format!("{what}: {how}"))
    }

    fn needs(&self, it: &Service, facts: Option<&StackFacts>, declared: &mut Declared) -> Option<Line> {
        let is_own = facts.is_some_and(|it| it.image_command);
        let mut needs = Vec::new();
        for (name, need) in &it.needs {
            let backing = self.found.backings.iter().find(|it| it.name == *name && !it.optional);
            if let Some(backing) = backing {
                let Some(entry_of) = self.catalog.backings.get(&backing.kind.value) else { continue };
                let outputs = entry_of.facts["outputs"].as_object();
                let known = |it: &str| outputs.is_some_and(|outputs| outputs.contains_key(it));
                let mut shown = need.environment.clone();
                shown.retain(|_, output| output.contains('{') || known(output));
                let outputs: Vec<&String> =
                    need.environment.values().filter(|it| shown.values().any(|known| known == *it)).collect();
                if is_own {
                    declared.open.extend(take_passwords(&mut shown, entry_of, &it.name.value, name));
                }
                let mut comment = backing.kind.because();
                if let Some(refused) = self.refused(it, backing, &outputs, declared) {
                    comment = format!("{comment}\n{refused}");
                }
                let given: Vec<Line> =
                    shown.into_iter().map(|(variable, output)| entry(variable, Tree::text(output))).collect();
                let given = if given.is_empty() {
                    Tree::flow_map([])
                } else {
                    Tree::flow_map([entry("environment", Tree::flow_map(given))])
                };
                needs.push(entry(&**name, given).comment(comment));
            } else if self.found.services.iter().any(|it| it.name.value == *name) {
                let given = need.environment.iter().map(|(variable, it)| entry(&**variable, Tree::text(&**it)));
                let given: Vec<Line> = given.collect();
                let given = (!given.is_empty()).then(|| entry("environment", Tree::flow_map(given)));
                needs.push(entry(&**name, Tree::flow_map(given)));
            }
        }
        (!needs.is_empty()).then(|| entry("needs", Tree::map(needs)))
    }

    fn backing(&self, it: &Backing, declared: &mut Declared) -> Option<Line> {
        let is_needed = self.found.services.iter().any(|service| service.needs.contains_key(&it.name));
        if it.optional || !is_needed && !self.found.services.is_empty() {
            return None;
        }
        let Some(entry_of) = self.catalog.backings.get(&it.kind.value) else {
            declared.open.push(format!(
                "{} is needed ({}), and there is no backing of this kind",
                it.kind.value,
                it.kind.because()
            ));
            return None;
        };
        let mut lines = vec![entry("kind", Tree::text(&*it.kind.value))];
        let mut comment = it.kind.because();
        // What keeps nothing has no data of an older version.
        let is_cache = entry_of.uses.contains_key("cache") && it.usage.as_ref().is_none_or(|it| it.value == "cache");
        if let Some(asked) = it.version.as_ref().filter(|_| !is_cache) {
            let known: Vec<&str> = entry_of.versions.keys().map(String::as_str).collect();
            if let Some(version) = chosen(&asked.value, &known, &entry_of.default_version) {
                lines.push(entry("version", Tree::text(version)));
                if !is_same(&asked.value, version) {
                    comment = format!(
                        "{comment}\nit was {}; data of an older version have to be taken over by hand",
                        asked.value
                    );
                }
            }
        }
        if let Some(usage) = it.usage.as_ref().filter(|it| entry_of.uses.contains_key(&it.value)) {
            lines.push(entry("use", Tree::text(&*usage.value)));
        }
        Some(entry(&*it.name, Tree::flow_map(lines)).comment(comment))
    }
}

/// Takes those out of the variables that `backing` fills for `service` that have a password in them, and gives a sentence for
/// each: where a Dockerfile is its author's own, nothing of forge's is in the image that could put a password into a variable.
pub fn take_passwords(given: &mut IndexMap<String, String>, kind: &Entry, service: &str, backing: &str) -> Vec<String> {
    let has_password = |output: &str| is_secret(kind, output) || output.contains("{password}");
    let (taken, kept): (IndexMap<_, _>, IndexMap<_, _>) =
        std::mem::take(given).into_iter().partition(|(_, it)| has_password(it));
    *given = kept;
    let open = taken.iter().map(|(variable, output)| {
        format!("`{service}` reads {variable}, which has a password in it (`{output}` of {backing}): the Dockerfile is your own, and so is what could put it there; let it read the file that `{{ environment: {{ {variable}_FILE: password_file }} }}` names")
    });
    open.collect()
}

/// Whether an output of a kind of backing has a secret in it.
fn is_secret(kind: &Entry, output: &str) -> bool {
    kind.facts["outputs"][output].get("secret").is_some()
}

/// Who runs an image whose Dockerfile is its author's own.
fn user(uid: &Fact<String>, gid: Option<&Fact<String>>) -> Line {
    let number = |it: &Fact<String>| it.value.parse().ok().filter(|it| *it > 0);
    let (of_user, of_group) = (number(uid).unwrap_or(10001), gid.and_then(number));
    let entries = [entry("uid", Tree::Number(of_user)), entry("gid", Tree::Number(of_group.unwrap_or(of_user)))];
    entry("user", Tree::flow_map(entries)).comment(uid.because())
}

/// Whether one version is the other, said in more or fewer numbers: `3.13` and `3`.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (numbers(one), numbers(other));
    one.iter().zip(&other).all(|(one, other)| one == other)
}

/// Says which rules a service cannot keep, beside what is said already.
fn except(it: &Service, lines: &mut Vec<Line>) {
    let exceptions = it.exceptions.iter().map(|(rule, reason)| {
        Tree::flow_map([entry("rule", Tree::text(&**rule)), entry("reason", Tree::text(&*reason.value))])
    });
    let exceptions: Vec<Tree> = exceptions.collect();
    match lines.iter_mut().find(|it| it.key == "exceptions").map(|it| &mut it.value) {
        Some(Tree::List(known, _)) => known.extend(exceptions),
        _ if exceptions.is_empty() => {}
        _ => lines.push(entry("exceptions", Tree::list(exceptions))),
    }
}

/// What takes the place of a probe where nothing is known to ask for.
fn no_probe() -> Line {
    let exception = Tree::flow_map([
        entry("rule", Tree::text("healthcheck")),
        entry("reason", Tree::text("it listens nowhere, and touches no file yet")),
    ]);
    let comment =
        "better: touch a file now and then, and write healthcheck: { file: { path: /tmp/alive, max_age: 60s } }";
    entry("exceptions", Tree::list([exception])).comment(comment)
}

/// The port that the service listens on in its container: from 1024 on.
fn port(it: &Service, facts: Option<&StackFacts>) -> Option<u16> {
    if !it.role.as_ref().is_some_and(|it| matches!(it.value.as_str(), "web" | "grpc")) {
        return None;
    }
    let usual = facts.and_then(|it| it.port);
    match &it.port {
        Some(port) if port.value >= 1024 => Some(port.value),
        Some(_) => Some(usual.unwrap_or(8080)),
        None => usual.or(Some(8080)),
    }
}

/// A command with its port filled in; `None` where another variable is in it, which only a shell knows.
fn with_port(command: &[String], port: Option<u16>) -> Option<Vec<String>> {
    command
        .iter()
        .map(|word| {
            let Some(start) = word.find('$') else { return Some(word.clone()) };
            let rest = &word[start + 1..];
            let (name, length) = match rest.strip_prefix('{').and_then(|it| it.split_once('}')) {
                Some((inner, _)) => (inner.split([':', '-']).next().unwrap_or(inner), inner.len() + 2),
                None => {
                    let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).unwrap_or(rest.len());
                    (&rest[..end], end)
                }
            };
            let port = port.filter(|_| name.ends_with("PORT"))?;
            Some(format!("{}{port}{}", &word[..start], &rest[length..]))
        })
        .collect()
}

/// A word for a shell, in quotes where it wants them.
fn shell_word(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_./:@%+,=-".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { shell(text) }
}

fn shell_words(command: &[String]) -> String {
    command.iter().map(|it| shell_word(it)).collect::<Vec<_>>().join(" ")
}

/// A command as it runs in a folder below the one that its container starts in, if one is named.
fn in_folder(folder: &str, command: &[String]) -> Vec<String> {
    if folder.is_empty() {
        return command.to_vec();
    }
    let inner = format!("cd {} && exec {}", shell_word(folder), shell_words(command));
    vec!["sh".to_owned(), "-c".to_owned(), inner]
}

fn words(command: &[String]) -> Tree {
    Tree::flow_list(command.iter().map(|it| Tree::text(&**it)))
}

fn value(it: &Value) -> Tree {
    match it {
        Value::Null => Tree::Null,
        Value::Bool(it) => Tree::Bool(*it),
        Value::Number(it) => it.as_u64().map_or_else(|| Tree::Float(it.clone()), Tree::Number),
        Value::String(it) => Tree::text(&**it),
        Value::Array(items) => Tree::flow_list(items.iter().map(value)),
        Value::Object(map) => object(map),
    }
}

fn object(map: &Map<String, Value>) -> Tree {
    Tree::map(map.iter().map(|(key, it)| entry(&**key, value(it))))
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn only_ports_are_filled_in() {
        let filled = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            with_port(&words, Some(8000)).map(|it| it.join(" "))
        };
        assert_eq!(filled("gunicorn -b :$PORT app").as_deref(), Some("gunicorn -b :8000 app"));
        assert_eq!(filled("rails s -p ${PORT:-3000}").as_deref(), Some("rails s -p 8000"));
        assert_eq!(filled("run $FLAGS"), None);
    }
}
