//! `forge add`.

use std::fs;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::init::{detection, forges, look};
use super::project::{Read, judge, own_catalog, shown, spec_bytes, tell};
use super::{Answer, Failure, Shell, disk};
use crate::catalog::{Catalog, Detection};
use crate::detect::spec::{Draft, fits, take_passwords};
use crate::detect::{Found, Service, slug, words};
use crate::diagnostic::Path;
use crate::patch;
use crate::yaml::{self, Doc, Node};

/// Add a service or a backing to the spec
///
/// Comments and layout of the file stay as they are. What comes out is judged like any spec before it is written.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A program of this project: what its folder says of it, as `forge init` would find it
    Service {
        /// What it is called
        name: String,
        /// The folder with its source; the one of its name, if left out
        #[arg(long, value_name = "DIR")]
        context: Option<String>,
        /// The stack that builds it; the one that its folder shows, if left out
        #[arg(long)]
        stack: Option<String>,
        /// The port on which it answers
        #[arg(long)]
        port: Option<u16>,
        /// What it calls; can be repeated
        #[arg(long, value_name = "NAME")]
        needs: Vec<String>,
        /// How it is started: a program and its words, as one argument
        #[arg(long, value_name = "COMMAND")]
        command: Option<String>,
        /// The service whose image it runs with another command
        #[arg(long, value_name = "SERVICE", requires = "command", conflicts_with_all = ["context", "stack", "port"])]
        from: Option<String>,
    },
    /// A database, cache or queue
    Backing {
        /// What it is called
        name: String,
        /// What it is; its name, if left out
        #[arg(long)]
        kind: Option<String>,
        /// Its version; the usual one, if left out
        #[arg(long)]
        version: Option<String>,
        /// What it is used for, where the kind knows several uses
        #[arg(long = "use", value_name = "USE")]
        usage: Option<String>,
        /// The services that need it; can be repeated
        #[arg(long = "for", value_name = "SERVICE")]
        users: Vec<String>,
    },
}

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// An entry that comes to the spec: where, and what.
type Addition = (Path, Value);

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let bytes = spec_bytes(&shell.directory, &shell.file)?;
    let file = shown(&shell.file);
    let text = String::from_utf8(bytes.clone())
        .map_err(|_| Failure::input(format!("{file} is not UTF-8"), "save the file as UTF-8"))?;
    let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (BYTE_ORDER_MARK, text.to_owned()),
        None => ("", text),
    };
    if let Read::Invalid(them) = judge(shell, bytes)? {
        tell(shell, &them)?;
        return Err(Failure::input(format!("{file} is invalid"), "mend it first: what comes out could not be judged"));
    }
    let catalog = own_catalog(shell)?;
    let doc = yaml::read(&text).expect("a valid spec is YAML");
    let mut open = Vec::new();
    let (group, name, additions) = match &arguments.what {
        What::Service { name, context, stack, port, needs, command, from } => {
            let (context, stack) = (context.as_deref(), stack.as_deref());
            let command = command.as_deref().map(words);
            let asked = Asked { name, context, stack, port: *port, needs, command };
            let additions = match from {
                Some(from) => asked.process(&doc, from)?,
                None => asked.additions(&doc, &catalog, shell)?,
            };
            ("services", name, additions)
        }
        What::Backing { name, kind, version, usage, users } => {
            let value = backing(name, kind.as_deref(), version.as_deref(), usage.as_deref(), &catalog)?;
            let kind = kind.as_deref().unwrap_or(name).to_owned();
            let mut additions = vec![(Path::of(["backings", name]), value)];
            for user in users {
                let mut given = environment(&doc, user, &kind, shell)?;
                if let Some(kind) = catalog.backings.get(&kind).filter(|_| is_own_image(&doc, user, &catalog)) {
                    open.extend(take_passwords(&mut given, kind, user, name));
                }
                let given = if given.is_empty() { json!({}) } else { json!({ "environment": given }) };
                additions.push(need(&doc, user, name, &given)?);
            }
            ("backings", name, additions)
        }
    };
    for group in ["services", "backings"] {
        if doc.root.at(&Path::of([group, name])).is_some() {
            let help = "name it in another way: services and backings share one set of names";
            return Err(Failure::input(format!("there is a `{name}` under `{group}` already"), help));
        }
    }
    let windows = text.contains("\r\n") && !text.replace("\r\n", "").contains('\n');
    let new = additions.iter().try_fold(text, |text, it| edited(&text, it))?;
    let new = if windows { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new };
    let new = format!("{mark}{new}");
    if let Read::Invalid(them) = judge(shell, new.clone().into_bytes())? {
        tell(shell, &them)?;
        return Err(Failure::input(
            format!("with `{name}`, {file} would be invalid: nothing was written"),
            "say more on the command line, or write the entry by hand",
        ));
    }
    let place = shell.directory.join(&shell.file).canonicalize().map_err(Failure::io(format!("find {file}")))?;
    let mode = fs::metadata(&place).map(|it| it.permissions()).ok();
    disk::replace(&place, new.as_bytes(), mode).map_err(Failure::io(format!("write {file}")))?;
    shell.say(&format!("{:>18} {group}.{name} to {file}", "added"))?;
    for it in &open {
        shell.insist(&format!("left open: {it}"))?;
    }
    let added = &additions[0].1;
    let is_reached =
        doc.root.get("gateway").is_some() && added.get("from").is_none() && added.get("exceptions").is_none();
    if group == "services" && is_reached {
        let route = format!("{{ path: /{name}/, to: {name} }}");
        shell
            .say(&format!("no route of the gateway leads to it yet; if people reach it: gateway.routes: [{route}]"))?;
    }
    Ok(Answer::Yes)
}

/// The text with one more entry.
fn edited(text: &str, (at, value): &Addition) -> Result<String, Failure> {
    let doc = yaml::read(text).expect("what was edited was read before");
    let [group, _] = &at.0[..] else { return set(text, at, value) };
    let group = Path(vec![group.clone()]);
    let is_empty = doc.root.at(&group).is_none_or(|it| it.entries().next().is_none());
    let is_written = doc.root.at(&group).is_some();
    if is_empty && !is_written && is_block(&doc) {
        // A group that is new stands at the end, with a blank line before it.
        let whole = Path::default().key(&group.to_string());
        let (before, behind) = text.split_at(end_of_document(&doc));
        let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        let name = at.0[1].clone();
        let mut entries = Map::new();
        entries.insert(Path(vec![name]).to_string(), value.clone());
        let new = format!("{end}\n{}", patch::entry(&whole.to_string(), &Value::Object(entries)));
        return Ok(format!("{before}{new}{behind}"));
    }
    set(text, at, value)
}

/// Where a document ends: at its marker `...`, or where the text does.
fn end_of_document(doc: &Doc) -> usize {
    let from = doc.root.entries().last().map_or(0, |(_, it)| it.key.start);
    let marker = |line: &str| line.trim_end() == "..." || line.starts_with("... ");
    let mut at = from;
    for line in doc.text[from..].split_inclusive('\n') {
        if marker(line) {
            return at;
        }
        at += line.len();
    }
    doc.text.len()
}

/// Whether the document is a map on lines of its own.
fn is_block(doc: &Doc) -> bool {
    doc.root.entries().next().is_some_and(|(_, it)| doc.text[..it.key.start].ends_with('\n') || it.key.start == 0)
}

fn set(text: &str, at: &Path, value: &Value) -> Result<String, Failure> {
    patch::set(text, at, value)
        .map_err(|message| Failure::input(format!("`{at}` cannot be added: {message}"), "write the entry by hand"))
}

/// A service, as the command line describes it.
struct Asked<'a> {
    name: &'a str,
    context: Option<&'a str>,
    stack: Option<&'a str>,
    port: Option<u16>,
    needs: &'a [String],
    command: Option<Vec<String>>,
}

impl Asked<'_> {
    /// Another process of a service's image.
    fn process(&self, doc: &Doc, from: &str) -> Result<Vec<Addition>, Failure> {
        let services = || doc.root.get("services").into_iter().flat_map(Node::entries).map(|(name, _)| name);
        if !services().any(|it| it == from) {
            return Err(Failure::unknown("there is no service", from, services(), "name one of the spec"));
        }
        let reason = "it listens nowhere, and touches no file yet";
        let mut value = json!({ "from": from, "command": self.command });
        value["exceptions"] = json!([{ "rule": "healthcheck", "reason": reason }]);
        if !self.needs.is_empty() {
            value["needs"] = json!(self.needs);
        }
        Ok(vec![(Path::of(["services", self.name]), value)])
    }

    /// The service as its folder shows it, and what it needs that the spec does not have yet: backings, secrets, variables.
    fn additions(&self, doc: &Doc, catalog: &Catalog, shell: &mut Shell<'_>) -> Result<Vec<Addition>, Failure> {
        let context = self.context.unwrap_or(self.name).trim_start_matches("./").trim_end_matches('/');
        if let Some(stack) = self.stack.filter(|it| !catalog.stacks.contains_key(*it)) {
            let known = catalog.stacks.keys().map(String::as_str);
            return Err(Failure::unknown("there is no stack", stack, known, "`forge stacks` lists them"));
        }
        let known = detection(shell)?;
        if !shell.directory.join(context).is_dir() {
            let help = "make it, or name the folder with the source after --context";
            return Err(Failure::input(format!("there is no folder `{context}`"), help));
        }
        let mut found = self.found(doc, context, &known, shell)?;
        let name = slug(self.name, self.name);
        let mut additions = Vec::new();
        if let Some(it) = found.services.first_mut() {
            it.name.value.clone_from(&name);
            with_names_of(doc, &mut found);
            let domain = domain(doc);
            let draft = Draft { found: &found, catalog, known: &known, name: "added".to_owned(), domain, layout: None };
            let drawn = yaml::read(&draft.write().text).expect("forge wrote it");
            for group in ["services", "backings", "secrets", "variables"] {
                for (entry, node) in drawn.root.get(group).into_iter().flat_map(Node::entries) {
                    let at = Path::of([group, entry]);
                    if group == "services" || doc.root.at(&at).is_none() {
                        additions.push((at, node.json()));
                    }
                }
            }
        } else if let Some(stack) = self.stack {
            let value = json!({ "build": { "stack": stack, "context": format!("./{context}") } });
            additions.push((Path::of(["services", &name]), value));
        }
        let Some((_, Value::Object(map))) = additions.first_mut() else {
            let help = "name its stack after --stack; `forge stacks` lists them";
            return Err(Failure::input(format!("no program that forge knows is in `{context}`"), help));
        };
        if let Some(command) = &self.command {
            map.insert("command".to_owned(), json!(command));
        }
        if let Some(port) = self.port {
            map.insert("port".to_owned(), port.into());
        }
        match map.get_mut("needs") {
            _ if self.needs.is_empty() => {}
            Some(Value::Object(needs)) => {
                for name in self.needs {
                    needs.entry(name.as_str()).or_insert_with(|| json!({}));
                }
            }
            _ => drop(map.insert("needs".to_owned(), json!(self.needs))),
        }
        Ok(additions)
    }

    /// The one service that was found in a folder: as the whole project shows it, with the workspace that it is a member of,
    /// or else as the folder does alone.
    fn found(&self, doc: &Doc, context: &str, known: &Detection, shell: &mut Shell<'_>) -> Result<Found, Failure> {
        let is_asked = |it: &Service| it.from.is_none() && self.stack.is_none_or(|stack| it.stack.value == stack);
        let mut found = look(&shell.directory, "", &forges(shell)?, known)?;
        let is_there =
            |it: &Service| is_asked(it) && [&it.path, &it.context, &place(it)].into_iter().any(|it| it == context);
        let own = found.services.iter().position(|it| is_there(it) && it.name.value == self.name);
        let own = own.or_else(|| found.services.iter().position(|it| is_asked(it) && place(it) == context));
        let own = own.or_else(|| found.services.iter().position(|it| is_asked(it) && it.path == context));
        if let Some(own) = own {
            found.services = vec![found.services.swap_remove(own)];
            // What else is called so may be called otherwise in the spec.
            let backings: Vec<String> = found.backings.iter().map(|it| it.name.clone()).collect();
            let is_known = |name: &String| {
                backings.contains(name) || doc.root.at(&Path::of(["services", name])).is_some() && name != self.name
            };
            found.services[0].needs.retain(|name, _| is_known(name));
            return Ok(found);
        }
        let mut found = look(&shell.directory, context, &forges(shell)?, known)?;
        found.services.retain(is_asked);
        found.services.truncate(1);
        for it in &mut found.services {
            it.context = if it.context == "." { context.to_owned() } else { format!("{context}/{}", it.context) };
        }
        Ok(found)
    }
}

/// The folder of a program, of which there may be several in one.
fn place(it: &Service) -> String {
    match (&it.program, it.path.as_str()) {
        (Some(program), ".") => program.clone(),
        (Some(program), path) => format!("{path}/{program}"),
        (None, path) => path.to_owned(),
    }
}

/// Whether the Dockerfile of a service is its author's own.
fn is_own_image(doc: &Doc, service: &str, catalog: &Catalog) -> bool {
    let stack = doc.root.at(&Path::of(["services", service, "build", "stack"])).and_then(Node::text);
    let stack = stack.and_then(|it| catalog.stacks.get(it));
    stack.is_some_and(|it| it.facts["image_command"] == true)
}

/// The variables of a service's program that a backing of this kind fills, as its folder shows them, and with what.
fn environment(doc: &Doc, user: &str, kind: &str, shell: &mut Shell<'_>) -> Result<IndexMap<String, String>, Failure> {
    let build = doc.root.at(&Path::of(["services", user, "build"]));
    let context = build.and_then(|it| it.get("context")?.text());
    let known = detection(shell)?;
    let (Some(context), Some(backing)) = (context, known.backings.get(kind)) else {
        return Ok(IndexMap::new());
    };
    let context = context.trim_start_matches("./").trim_end_matches('/');
    let context = if context.is_empty() { "." } else { context };
    if !shell.directory.join(context).is_dir() {
        return Ok(IndexMap::new());
    }
    let asked = Asked { name: user, context: None, stack: None, port: None, needs: &[], command: None };
    let found = asked.found(doc, context, &known, shell)?;
    let Some(service) = found.services.first() else { return Ok(IndexMap::new()) };
    let of_kind = found.backings.iter().filter(|it| it.kind.value == kind);
    let said = of_kind.filter_map(|it| service.needs.get(&it.name)).find(|it| !it.environment.is_empty());
    // The service says some of them by itself.
    let is_said = |name: &str| {
        let service = doc.root.at(&Path::of(["services", user]));
        ["environment", "secrets"].iter().any(|it| service.and_then(|of| of.get(it)?.get(name)).is_some())
    };
    let mut given = IndexMap::new();
    match said {
        Some(need) => given.clone_from(&need.environment),
        None => {
            for name in service.variables.keys() {
                let output = backing.outputs.iter().find(|(_, patterns)| fits(patterns, name));
                given.extend(output.map(|(output, _)| (name.clone(), output.clone())));
            }
        }
    }
    given.retain(|name, _| !is_said(name));
    Ok(given)
}

/// Calls the backings of what was found as the spec calls its own of that kind; others get names that are free there.
fn with_names_of(doc: &Doc, found: &mut Found) {
    let names = |group: &str| doc.root.get(group).into_iter().flat_map(Node::entries).collect::<Vec<_>>();
    let (services, backings) = (names("services"), names("backings"));
    for backing in &mut found.backings {
        let kind = |it: &Node| it.get("kind").and_then(Node::text).map(str::to_owned);
        let same = backings.iter().find(|(_, it)| kind(it).as_deref() == Some(backing.kind.value.as_str()));
        let is_taken = services.iter().chain(&backings).any(|(name, _)| *name == backing.name);
        let name = match same {
            Some((name, _)) => (*name).to_owned(),
            None if is_taken => format!("{}-{}", found.services[0].name.value, backing.name),
            None => backing.name.clone(),
        };
        for service in &mut found.services {
            if let Some(need) = service.needs.shift_remove(&backing.name) {
                service.needs.insert(name.clone(), need);
            }
        }
        backing.name = name;
    }
}

/// The first domain of the gateway.
fn domain(doc: &Doc) -> Option<String> {
    let hosts = doc.root.get("gateway")?.get("hosts")?;
    let (_, host) = hosts.entries().next()?;
    host.get("domain")?.text().map(str::to_owned)
}

/// What a backing says.
fn backing(
    name: &str,
    kind: Option<&str>,
    version: Option<&str>,
    usage: Option<&str>,
    catalog: &Catalog,
) -> Result<Value, Failure> {
    let kind = kind.unwrap_or(name);
    if !catalog.backings.contains_key(kind) {
        let known = catalog.backings.keys().map(String::as_str);
        return Err(Failure::unknown(
            "there is no kind of backing",
            kind,
            known,
            "name one after --kind; `forge stacks` lists them",
        ));
    }
    let mut map = Map::new();
    map.insert("kind".to_owned(), kind.into());
    for (key, given) in [("version", version), ("use", usage)] {
        if let Some(given) = given {
            map.insert(key.to_owned(), given.into());
        }
    }
    Ok(map.into())
}

/// The needs of a service with one more, in the form that they have, or that `given` wants.
fn need(doc: &Doc, user: &str, name: &str, given: &Value) -> Result<Addition, Failure> {
    let at = Path::of(["services", user]);
    let Some(service) = doc.root.at(&at) else {
        let known = doc.root.get("services").into_iter().flat_map(Node::entries).map(|(name, _)| name);
        return Err(Failure::unknown("there is no service", user, known, "name one of the spec"));
    };
    let needs = at.key("needs");
    let has_words = given.as_object().is_some_and(|it| !it.is_empty());
    Ok(match service.get("needs").map(Node::json) {
        Some(Value::Array(items)) if has_words => {
            let names = items.iter().filter_map(Value::as_str).map(|it| (it.to_owned(), json!({})));
            let mut map: Map<String, Value> = names.collect();
            map.insert(name.to_owned(), given.clone());
            (needs, map.into())
        }
        Some(Value::Array(mut items)) => {
            items.push(name.into());
            (needs, items.into())
        }
        Some(Value::Object(_)) => (needs.key(name), given.clone()),
        _ if has_words => (needs, json!({ name: given })),
        _ => (needs, json!([name])),
    })
}
