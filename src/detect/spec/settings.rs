//! Constants, settings and secrets: what of the variables that a program reads stands where in the spec.

use std::collections::{BTreeMap, BTreeSet};

use super::{DATA, Draft};
use crate::catalog::StackFacts;
use crate::credential::{has_credential, is_harmless};
use crate::detect::found::{Fact, Service, Variable};
use crate::detect::url::Url;
use crate::render::tree::{Entry as Line, Tree, entry};

/// Of more settings than these nobody reads the list.
const MOST_VARIABLES: usize = 40;

/// What all services together declare.
#[derive(Default)]
pub(super) struct Declared {
    pub(super) secrets: BTreeMap<String, Line>,
    pub(super) variables: BTreeMap<String, Line>,
    /// What could not be said.
    pub(super) open: Vec<String>,
    /// Changes of generated files.
    pub(super) patches: Vec<Tree>,
    /// What somebody has to supply before the first start.
    pub(super) wanted: BTreeSet<String>,
}

/// What one service says.
#[derive(Default)]
struct Settings {
    environment: Vec<Line>,
    variables: Vec<Tree>,
    secrets: Vec<Line>,
    /// Secrets that it does without.
    left_out: Vec<String>,
}

impl Draft<'_> {
    /// Constants, settings and secrets of a service.
    pub(super) fn settings(
        &self,
        it: &Service,
        facts: Option<&StackFacts>,
        port: Option<u16>,
        declared: &mut Declared,
    ) -> Vec<Line> {
        // What a browser gets is known to everybody, and an env file of the whole project is for others.
        if is_static(it) {
            return Vec::new();
        }
        let common = &self.known.common;
        let wired: BTreeSet<&String> = it.needs.values().flat_map(|it| it.environment.keys()).collect();
        let by_stack = |name: &str| facts.is_some_and(|it| it.environment.contains_key(name));
        let mut out = Settings::default();
        if let Some(variable) = &it.port_variable
            && let Some(port) = port.or(facts.and_then(|it| it.port))
            && !by_stack(&variable.value)
        {
            let line = entry(&*variable.value, Tree::text(port.to_string()));
            out.environment.push(line.comment(variable.because()));
        }
        for (name, fact) in &it.variables {
            let is_ours = wired.contains(name)
                || by_stack(name)
                || fits(&common.system, name)
                || fits(&common.ports, name)
                || self.is_built_in(it, name)
                || name.ends_with("_FILE");
            if is_ours || !is_name(name) {
                continue;
            }
            if fact.value.secret {
                self.secret(it, (name, fact), facts, &mut out, declared);
            } else if let Some(line) = self.address(it, name, fact) {
                out.environment.push(line);
            } else if let Some(line) = self.constant(name, fact) {
                out.environment.push(line);
            } else if !fact.value.set && out.variables.len() < MOST_VARIABLES {
                let line = variable(&common.local_values, name, fact, declared);
                declared.variables.entry(name.clone()).or_insert(line);
                out.variables.push(Tree::text(&**name));
            }
        }
        let named = facts.into_iter().flat_map(|it| &it.variables);
        for (name, what) in named.filter(|(name, _)| !it.variables.contains_key(*name) && !wired.contains(name)) {
            let length = common.generated.iter().find(|(pattern, _)| fits_one(pattern, name));
            let Some((_, length)) = length else { continue };
            out.secrets.push(secret_use(name, facts));
            declared.secrets.entry(name.clone()).or_insert_with(|| generated(name, *length, what.clone()));
        }
        out.lines()
    }

    /// Arguments of the build: variables that are compiled into what browsers get.
    pub(super) fn arguments(&self, it: &Service) -> Option<Line> {
        let lines: Vec<Line> = it
            .variables
            .iter()
            .filter(|(name, fact)| self.is_built_in(it, name) && is_name(name) && !fact.value.secret)
            .filter_map(|(name, fact)| {
                // A value in the code holds without anybody's doing, unless it is about the machine that it was written on.
                let value = fact.value.value.as_ref().filter(|value| fact.value.given || is_local(value))?;
                let line = |value: &str, comment: String| entry(&**name, Tree::text(value)).comment(comment);
                if is_local(value) {
                    let words = format!("{}; the gateway, for browsers are not on this host", fact.because());
                    return Url::read(value).map(|it| {
                        let stroke = if it.path().is_empty() { "" } else { "/" };
                        line(&format!("{}{stroke}{}", self.url(), it.path()), words)
                    });
                }
                is_plain(value).then(|| line(value, fact.because()))
            })
            .collect();
        (!lines.is_empty()).then(|| entry("args", Tree::map(lines)))
    }

    /// Variables that are compiled in and have no value anywhere, with where they are read.
    pub(super) fn missing_arguments(&self, it: &Service) -> Vec<(String, String)> {
        let is_missing = |name: &str, fact: &Fact<Variable>| {
            self.is_built_in(it, name) && is_name(name) && fact.value.value.is_none() && !fact.value.optional
        };
        let missing = it.variables.iter().filter(|(name, fact)| is_missing(name, fact));
        missing.map(|(name, fact)| (name.clone(), fact.because())).collect()
    }

    fn is_built_in(&self, it: &Service, name: &str) -> bool {
        self.known.stacks.get(&it.stack.value).is_some_and(|it| fits(&it.build_variables, name))
    }

    /// A line for the address that a program listens on: in a container the one of this host reaches nobody.
    fn address(&self, it: &Service, name: &str, fact: &Fact<Variable>) -> Option<Line> {
        let serves = it.role.as_ref().is_some_and(|it| matches!(it.value.as_str(), "web" | "grpc"));
        let common = &self.known.common;
        let can_have_port = fits(&common.listens, name);
        let address = match fact.value.value.as_deref().filter(|it| !it.is_empty()) {
            Some(known) => of_all(known)?,
            None if can_have_port || !fits(&common.sure_hosts, name) => return None,
            None => "0.0.0.0".to_owned(),
        };
        let comment = format!("{}; on this address others reach it", fact.because());
        let is_one = serves && (can_have_port || fits(&common.hosts, name));
        is_one.then(|| entry(name, Tree::text(address)).comment(comment))
    }

    /// A line under `environment`, for what is the same wherever it runs.
    fn constant(&self, name: &str, fact: &Fact<Variable>) -> Option<Line> {
        let common = &self.known.common;
        let given = fact.value.value.as_deref();
        let line = |value: &str, comment: String| Some(entry(name, Tree::text(value)).comment(comment));
        if let Some((_, form)) = common.addresses.iter().find(|(pattern, _)| fits_one(pattern, name))
            && given.is_none_or(|it| is_local(it) || it.contains('*') || form.contains("{domain}"))
        {
            let text = form.replace("{domain}", &self.domain()).replace("{url}", &self.url());
            return line(&listed_as(&text, given), format!("{}; the gateway, as people reach it", fact.because()));
        }
        if let Some((_, value)) = common.production.iter().find(|(pattern, _)| fits_one(pattern, name)) {
            let value = if value == "false" { off(given?)? } else { value };
            return line(value, fact.because());
        }
        if is_moved(&fact.value) {
            let (scheme, file) = given?.split_once(":///")?;
            let file = file.trim_start_matches("./");
            return line(
                &format!("{scheme}:///{DATA}/{file}"),
                format!("{}; the code's folder is not to write to", fact.because()),
            );
        }
        let value = given.filter(|it| fact.value.set && is_plain(it) && !is_local(it))?;
        line(value, fact.because())
    }

    fn secret(
        &self,
        it: &Service,
        (name, fact): (&str, &Fact<Variable>),
        facts: Option<&StackFacts>,
        out: &mut Settings,
        declared: &mut Declared,
    ) {
        let made = self.known.common.generated.iter().find(|(pattern, _)| fits_one(pattern, name));
        let by_framework = self.known.stacks.get(&it.stack.value).is_some_and(|it| fits(&it.optional_variables, name));
        let line = match made {
            Some((_, length)) => generated(name, *length, fact.because()),
            None if fact.value.optional || by_framework && !fact.value.given => {
                out.left_out.push(name.to_owned());
                return;
            }
            None => {
                declared.wanted.insert(format!("secrets/{name}"));
                let supplied = entry("supplied", Tree::text(format!("{name} of {}", it.name.value)));
                entry(name, Tree::flow_map([supplied])).comment(fact.because())
            }
        };
        declared.secrets.entry(name.to_owned()).or_insert(line);
        if facts.is_some_and(|it| it.image_command) {
            let service = &it.name.value;
            declared.open.push(format!("`{service}` reads the secret {name} from a variable: its Dockerfile is your own, and so is what could put it there; let it read the file /run/secrets/{name}"));
        }
        out.secrets.push(secret_use(name, facts));
    }
}

/// The declaration of a secret that anything random will do for.
fn generated(name: &str, length: u32, comment: String) -> Line {
    let generate = Tree::flow_map([entry("length", Tree::Number(length.into()))]);
    entry(name, Tree::flow_map([entry("generate", generate)])).comment(comment)
}

/// A secret as a service gets it: in a variable of its name, or as a file alone, where nothing of forge's is in the image.
fn secret_use(name: &str, facts: Option<&StackFacts>) -> Line {
    if facts.is_some_and(|it| it.image_command) {
        return entry(name, Tree::flow_map([]));
    }
    entry(name, Tree::flow_map([entry("environment", Tree::text(name))]))
}

impl Settings {
    fn lines(self) -> Vec<Line> {
        let mut out = Vec::new();
        if !self.environment.is_empty() {
            out.push(entry("environment", Tree::map(self.environment)));
        }
        if !self.variables.is_empty() {
            out.push(entry("variables", Tree::flow_list(self.variables)));
        }
        if !self.secrets.is_empty() {
            out.push(entry("secrets", Tree::map(self.secrets)));
        }
        if let Some(last) = out.last_mut().filter(|_| !self.left_out.is_empty()) {
            last.comment =
                Some(format!("secrets that it does without, for who uses them: {}", self.left_out.join(", ")));
        }
        out
    }
}

/// The address of all networks in the shape of `known`, with its port where it has one; `None`, where that is no address of
/// this host.
fn of_all(known: &str) -> Option<String> {
    let is_own = |it: &str| matches!(it, "localhost" | "127.0.0.1" | "::1" | "[::1]" | "0.0.0.0");
    if is_own(known) {
        return Some("0.0.0.0".to_owned());
    }
    let (host, port) = known.rsplit_once(':')?;
    let is_address = (host.is_empty() || is_own(host)) && port.parse::<u16>().is_ok();
    is_address.then(|| format!("0.0.0.0:{port}"))
}

/// Whether a setting holds on developers' machines alone.
fn is_developers(patterns: &[String], name: &str, value: &str) -> bool {
    is_local(value) || fits(patterns, &format!("{name}={value}"))
}

/// The declaration of a setting that the operator makes.
fn variable(local: &[String], name: &str, fact: &Fact<Variable>, declared: &mut Declared) -> Line {
    let is_local = |it: &str| is_developers(local, name, it);
    let known = fact.value.value.as_ref().filter(|it| is_plain(it) && !is_local(it));
    let mut lines = Vec::new();
    let mut comment = fact.because();
    // Text that a number would not give back, such as `007`, stays text.
    let whole = |it: &String| it.parse::<u64>().ok().filter(|number| number.to_string() == *it).ok_or(());
    let number = known.filter(|_| fact.value.number).map(whole).transpose();
    if let (true, Ok(_)) = (fact.value.number, &number) {
        lines.push(entry("type", Tree::text("integer")));
    }
    match known {
        Some(value) => {
            let default = number.ok().flatten().map_or_else(|| Tree::text(&**value), Tree::Number);
            lines.push(entry("default", default));
        }
        None if fact.value.required => {
            declared.wanted.insert(format!("{name} in .env"));
            lines.push(entry("required", Tree::Bool(true)));
        }
        None => {}
    }
    if let Some(value) = fact.value.value.as_ref().filter(|it| known.is_none() && is_local(it) && is_plain(it)) {
        comment = format!("{comment}; it was {value}");
    }
    entry(name, Tree::flow_map(lines)).comment(comment)
}

pub(super) fn is_static(it: &Service) -> bool {
    it.role.as_ref().is_some_and(|it| it.value == "static")
}

/// Whether a variable says where a database lies that would lie beside the code.
pub(super) fn is_moved(variable: &Variable) -> bool {
    let file = variable.value.as_deref().and_then(|it| it.strip_prefix("sqlite")?.split_once(":///"));
    file.is_some_and(|(_, file)| {
        let file = file.trim_start_matches("./");
        !file.is_empty() && !file.contains(['/', '$', '?'])
    })
}

/// Whether a value is about the machine that it was written on.
fn is_local(value: &str) -> bool {
    ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"].iter().any(|it| value.contains(it))
}

/// `false`, as a program that takes `known` for true or false writes it; `None`, where that is neither.
fn off(known: &str) -> Option<&'static str> {
    Some(match known {
        "0" | "1" => "0",
        "true" | "false" => "false",
        "True" | "False" => "False",
        "TRUE" | "FALSE" => "FALSE",
        "yes" | "no" => "no",
        "on" | "off" => "off",
        _ => return None,
    })
}

/// A list with commas in the form that a program has it in: JSON, with spaces, or with commas.
fn listed_as(text: &str, known: Option<&str>) -> String {
    let known = known.unwrap_or_default().trim();
    let items: Vec<&str> = text.split(',').collect();
    if known.starts_with('[') {
        return serde_json::Value::from(items).to_string();
    }
    if known.contains(' ') && !known.contains(',') { items.join(" ") } else { text.to_owned() }
}

/// Whether a value is harmless to stand in a file that everybody reads.
fn is_plain(value: &str) -> bool {
    let is_short = value.len() <= 200 && !value.chars().any(char::is_control);
    let has_user = value.contains("://") && value.contains('@');
    is_short && !value.contains('$') && !has_user && (is_harmless(value) || !has_credential(value))
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
        && bytes.all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// Whether a name fits one of several patterns; what is no pattern fits nothing.
pub fn fits(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|it| fits_one(it, name))
}

pub(super) fn fits_one(pattern: &str, name: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|it| it.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::{listed_as, off};

    #[test]
    fn values_have_the_form_that_the_program_knows() {
        assert_eq!((off("1"), off("True"), off("app:*")), (Some("0"), Some("False"), None));
        assert_eq!(listed_as("a,b", Some("localhost 127.0.0.1")), "a b");
        assert_eq!(listed_as("a,b", Some("[\"*\"]")), "[\"a\",\"b\"]");
        assert_eq!(listed_as("a,b", None), "a,b");
    }
}
