//! One service of a compose file.

use std::ops::Range;

use super::{labels, mounts, ports, tags};
use crate::lint::compose::{assume, image_tag};
use crate::meaning::subject::{Fact, Risk, Subject};
use crate::meaning::value::{
    bytes, canonical, capability, dropped, duration, image, is_on, is_reset, items, limit, pairs, size, tree, user,
    variable,
};
use crate::meaning::words::{
    ANNOTATION, CAPABILITY, DETAIL, ENVIRONMENT, IMAGE, LABEL, LIMIT, SETTING, SWITCH, USER, words,
};
use crate::yaml::{Node, Value};

words! {
    ARGUMENT = "build argument {key}", "build argument {key}={after} added", "build argument {key} removed", "build argument {key} {before} → {after}";
    BUILD = "build", "built from {after}", "no longer built from {before}", "build context {before} → {after}";
    CHECK = "health check", "health check {after}", "health check removed", "health check {after}";
    DEVICE = "device {key}", "device {key} handed in", "device {key} no longer handed in", "device {key} {before} → {after}";
    HOST = "extra host {key}", "extra host {key} at {after} added", "extra host {key} removed", "extra host {key} {before} → {after}";
    MAJOR = "version of {key}", "", "", "what is in its volumes is of {key} {before}, and {after} may not read it: a database has to be dumped before and restored after";
    NAMESPACE = "{key}", "{key} of {after}", "{key} no longer of {before}", "{key} of {before} → of {after}";
    NETWORK = "network {key}", "network {key} joined", "network {key} left", "network {key}";
    OPTION = "security option {key}", "security option {key} {after} added", "security option {key} {before} removed", "security option {key} {before} → {after}";
    RESERVED = "reserved {key}", "reserved {key} {after} added", "reserved {key} {before} removed", "reserved {key} {before} → {after}";
    WAITS = "wait for {key}", "waits for {key} to be {after}", "no longer waits for {key}", "waits for {key} to be {before} → {after}";
}

/// A service, with the file that it is in.
pub(super) fn read(name: &str, node: &Node, root: &Node) -> Subject {
    let mut service = Service {
        it: Subject::new("service", format!("services.{name}"), node.key.clone()),
        // Without an image it only adds to what another file has.
        is_whole: node.get("image").is_some() || node.get("build").is_some(),
        root,
    };
    tags(&mut service.it, "", node);
    for (key, it) in node.entries() {
        service.field(key, it);
    }
    service.defaults(node);
    service.kept(node);
    service.it
}

struct Service<'r> {
    it: Subject,
    is_whole: bool,
    root: &'r Node,
}

impl Service<'_> {
    fn field(&mut self, key: &str, node: &Node) {
        // Nothing written is nothing said, and what is taken back is said as that.
        if node.value == Value::Null || is_reset(node) {
            return;
        }
        let at = bytes(node);
        match key {
            "image" => {
                let text = canonical(node);
                self.it.say(&IMAGE, "image", &text, &at).risk(image(&text)).main();
            }
            "build" => self.build(node),
            "command" | "entrypoint" => self.command(key, node),
            "environment" => {
                for (name, value, at) in pairs(node) {
                    variable(&mut self.it, &ENVIRONMENT, &name, value.as_deref(), &at);
                }
            }
            "env_file" => self.env_files(node),
            "ports" => ports::read(&mut self.it, node),
            "volumes" => mounts::volumes(&mut self.it, node),
            "tmpfs" => mounts::tmpfs(&mut self.it, node),
            "networks" => self.networks(node),
            "depends_on" => self.waits(node),
            "labels" => labels(&mut self.it, &LABEL, node),
            "annotations" => labels(&mut self.it, &ANNOTATION, node),
            "healthcheck" => self.healthcheck(node),
            "secrets" | "configs" => self.files(key, node),
            "deploy" => self.deploy(node),
            "mem_limit" => self.limit("memory", node),
            "cpus" => self.limit("cpus", node),
            "pids_limit" => self.limit("pids", node),
            "mem_reservation" => self.reserve("memory", node),
            "scale" => {
                self.it.say(&SETTING, "replicas", canonical(node), &at);
            }
            "user" => {
                let text = canonical(node);
                self.it.say(&USER, "", &text, &at).risk(user(&text)).main();
            }
            "cap_add" => {
                for (name, at) in items(node) {
                    self.it.say(&CAPABILITY, capability(&name), "", &at).risk(Risk::GRANTS).main();
                }
            }
            "cap_drop" => dropped(&mut self.it, node),
            "security_opt" => self.security(node),
            "privileged" => {
                self.switch("privileged mode", is_on(node), Some(true), &at);
            }
            "read_only" => {
                self.switch("read-only root", is_on(node), Some(false), &at);
            }
            "oom_kill_disable" => {
                self.switch("out-of-memory protection", is_on(node), Some(true), &at);
            }
            "init" => {
                self.switch("init", is_on(node), None, &at);
            }
            "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "network_mode" => self.namespace(key, node),
            "devices" | "device_cgroup_rules" | "volumes_from" => {
                for (device, at) in items(node) {
                    self.it.say(&DEVICE, device, "", &at).risk(Risk::GRANTS).main();
                }
            }
            "group_add" => {
                for (group, at) in items(node) {
                    let strong = matches!(group.as_str(), "0" | "root" | "docker");
                    let risk = if strong { Risk::GRANTS } else { Risk::NONE };
                    self.it.say(&SETTING, format!("group {group}"), "", &at).risk(risk);
                }
            }
            "extra_hosts" => self.hosts(node),
            "expose" | "profiles" | "links" | "external_links" | "dns" | "dns_search" | "dns_opt" => {
                let one = key.trim_end_matches('s');
                for (item, at) in items(node) {
                    let item = item.strip_suffix("/tcp").unwrap_or(&item).to_owned();
                    self.it.say(
                        &SETTING,
                        format!("{} {item}", if key.starts_with("dns") { key } else { one }),
                        "",
                        &at,
                    );
                }
            }
            "sysctls" => {
                for (name, value, at) in pairs(node) {
                    self.it.say(&SETTING, format!("sysctl {name}"), value.unwrap_or_default(), &at);
                }
            }
            _ => tree(&mut self.it, key, node, None),
        }
    }

    /// What holds where nothing is written. In a file that only adds to others, nothing does.
    fn defaults(&mut self, node: &Node) {
        if !self.is_whole {
            return;
        }
        for (key, name, worse) in [
            ("privileged", "privileged mode", Some(true)),
            ("read_only", "read-only root", Some(false)),
            ("init", "init", None),
        ] {
            if node.get(key).is_none_or(|it| it.value == Value::Null) {
                self.switch(name, false, worse, &self.it.bytes.clone()).is_default = true;
            }
        }
        let is_written = |key: &str| node.get(key).is_some_and(|it| it.value != Value::Null);
        self.it.lacks = lacks(node);
        if !is_written("networks") && !is_written("network_mode") {
            self.join("default", &self.it.bytes.clone());
        }
    }

    /// The version that writes what is in its volumes: most databases read no files of another major version.
    fn kept(&mut self, node: &Node) {
        let (Some(image), Some(volumes)) = (node.get("image"), node.get("volumes")) else { return };
        let text = canonical(image);
        let assumed = assume(&text);
        let Some(tag) = image_tag(&assumed).filter(|_| mounts::keep(volumes)) else { return };
        let digits: String = tag.trim_start_matches('v').chars().take_while(char::is_ascii_digit).collect();
        let repository = assumed.split('@').next().unwrap_or_default();
        let name = repository.strip_suffix(tag).unwrap_or(repository).trim_end_matches(':');
        if !digits.is_empty() {
            // Where it comes or goes there is nothing to read.
            self.it.say(&MAJOR, name, digits, &bytes(image)).risk(Risk::OTHER).is_default = true;
        }
    }

    /// Something that is on or off. `worse` is the state that gives something up.
    fn switch(&mut self, name: &str, on: bool, worse: Option<bool>, at: &Range<usize>) -> &mut Fact {
        let level = |state: bool| if worse == Some(state) { 1.0 } else { 0.0 };
        // What a file that adds to others leaves out may be either; then whatever it says counts.
        let without = if self.is_whole { level(false) } else { level(!on) };
        let word = if on { "on" } else { "off" };
        self.it.say(&SWITCH, name, word, at).risk(Risk::of(level(on), without))
    }

    fn command(&mut self, key: &str, node: &Node) {
        let text = canonical(node);
        // Compose splits a text into words; one with quotes in it is left as it is.
        let words: Vec<String> = match &node.value {
            Value::List(items) => items.iter().map(canonical).collect(),
            _ if text.contains(['"', '\'', '\\']) => vec![text],
            _ => text.split_whitespace().map(str::to_owned).collect(),
        };
        self.it.say(&SETTING, key, words.join("\u{1f}"), &bytes(node)).shown(words.join(" "));
    }

    fn build(&mut self, node: &Node) {
        if !matches!(node.value, Value::Map(_)) {
            self.it.say(&BUILD, "", folder(&canonical(node)), &bytes(node)).main();
            return;
        }
        let context = node.get("context").map(canonical).unwrap_or_default();
        self.it.say(&BUILD, "", folder(&context), &bytes(node.get("context").unwrap_or(node))).main();
        for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
            match key {
                "context" => {}
                "dockerfile" if it.text() == Some("Dockerfile") => {}
                "args" => {
                    for (name, value, at) in pairs(it) {
                        variable(&mut self.it, &ARGUMENT, &name, value.as_deref(), &at).of(&BUILD, "");
                    }
                }
                "privileged" if !is_on(it) => {}
                "privileged" | "entitlements" | "extra_hosts" => {
                    let fact = self.it.say(&SETTING, format!("build.{key}"), canonical(it), &bytes(it));
                    fact.risk(Risk::GRANTS).of(&BUILD, "");
                }
                "network" => {
                    let risk = if it.text() == Some("host") { Risk::GRANTS } else { Risk::NONE };
                    self.it.say(&SETTING, "build.network", canonical(it), &bytes(it)).risk(risk).of(&BUILD, "");
                }
                "labels" | "additional_contexts" => {
                    for (name, value, at) in pairs(it) {
                        self.it
                            .say(&SETTING, format!("build.{key}.{name}"), value.unwrap_or_default(), &at)
                            .of(&BUILD, "");
                    }
                }
                _ => tree(&mut self.it, &format!("build.{key}"), it, Some((&BUILD, ""))),
            }
        }
    }

    fn env_files(&mut self, node: &Node) {
        let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
        for item in items {
            let path = item.get("path").map_or_else(|| canonical(item), canonical);
            self.it.say(&SETTING, format!("env file {path}"), "", &bytes(item));
            self.it.order.push(format!("env file {path}"));
            for (key, it) in item.entries().filter(|(key, _)| *key != "path") {
                if key != "required" || !is_on(it) {
                    tree(&mut self.it, &format!("env file {path}.{key}"), it, None);
                }
            }
        }
    }

    fn networks(&mut self, node: &Node) {
        for (name, at) in items(node).into_iter().filter(|_| matches!(node.value, Value::List(_))) {
            self.join(&name, &at);
        }
        for (name, it) in node.entries().filter(|(_, it)| !is_reset(it)) {
            self.join(name, &it.key);
            for (key, it) in it.entries() {
                let path = format!("network {name} {key}");
                if key == "aliases" {
                    for (alias, at) in items(it) {
                        self.it.say(&SETTING, format!("network {name} alias {alias}"), "", &at).of(&NETWORK, name);
                    }
                } else {
                    tree(&mut self.it, &path, it, Some((&NETWORK, name)));
                }
            }
        }
    }

    fn join(&mut self, name: &str, at: &Range<usize>) {
        // One that this file does not define is another's to judge.
        let defined = self.root.get("networks").and_then(|it| it.get(name));
        let is_open = match defined {
            Some(it) => !it.get("internal").is_some_and(is_on),
            None => name == "default",
        };
        self.it.say(&NETWORK, name, "", at).risk(if is_open { Risk::of(1.0, 0.0) } else { Risk::NONE });
    }

    fn waits(&mut self, node: &Node) {
        for (name, at) in items(node).into_iter().filter(|_| matches!(node.value, Value::List(_))) {
            self.it.say(&WAITS, name, "started", &at);
        }
        for (name, it) in node.entries().filter(|(_, it)| !is_reset(it)) {
            let condition = it.get("condition").map(canonical).unwrap_or_default();
            let condition = match condition.strip_prefix("service_").unwrap_or(&condition) {
                "" => "started",
                "completed_successfully" => "done",
                other => other,
            };
            self.it.say(&WAITS, name, condition, &bytes(it));
            for (key, it) in it.entries().filter(|(key, _)| *key != "condition") {
                // As it is without them.
                if is_on(it) != (key == "required") {
                    tree(&mut self.it, &format!("wait for {name}: {key}"), it, Some((&WAITS, name)));
                }
            }
        }
    }

    fn healthcheck(&mut self, node: &Node) {
        let test: Vec<String> = match node.get("test").map(|it| (&it.value, it)) {
            Some((Value::List(items), _)) => items.iter().map(canonical).collect(),
            Some((Value::Null, _)) | None => Vec::new(),
            Some((_, it)) => vec!["CMD-SHELL".to_owned(), canonical(it)],
        };
        let is_off = node.get("disable").is_some_and(is_on) || test.first().is_some_and(|it| it == "NONE");
        let (word, risk) = if is_off { ("switched off", Risk::of(1.0, 0.0)) } else { ("switched on", Risk::GUARDS) };
        self.it.say(&CHECK, "", word, &bytes(node)).risk(risk);
        if let Some(it) = node.get("test").filter(|_| test.first().is_some_and(|it| it != "NONE")) {
            self.it.say(&DETAIL, "test", test.join("\u{1f}"), &bytes(it)).shown(test.join(" ")).of(&CHECK, "");
        }
        for (key, it) in
            node.entries().filter(|(key, it)| !matches!(*key, "test" | "disable") && it.value != Value::Null)
        {
            let text = canonical(it);
            let value = duration(&text).map_or_else(|| text.clone(), |it| it.to_string());
            self.it.say(&DETAIL, key, value, &bytes(it)).shown(text).of(&CHECK, "");
        }
    }

    /// Secrets and configs, by name or in the long form.
    fn files(&mut self, key: &str, node: &Node) {
        let noun = key.trim_end_matches('s');
        for item in node.items() {
            let source = item.get("source").map_or_else(|| canonical(item), canonical);
            let name = format!("{noun} {source}");
            self.it.say(&SETTING, &name, "", &bytes(item)).shown("");
            for (field, it) in item.entries().filter(|(field, _)| *field != "source") {
                if field != "target" || canonical(it) != source {
                    self.it.say(&SETTING, format!("{name} {field}"), canonical(it), &bytes(it)).of(&SETTING, &name);
                }
            }
        }
    }

    fn deploy(&mut self, node: &Node) {
        for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
            match key {
                "replicas" => {
                    self.it.say(&SETTING, "replicas", canonical(it), &bytes(it));
                }
                "labels" => {
                    for (name, value, at) in pairs(it) {
                        self.it.say(&SETTING, format!("deploy.labels.{name}"), value.unwrap_or_default(), &at);
                    }
                }
                "resources" => {
                    for (kind, it) in it.entries() {
                        for (key, it) in it.entries().filter(|(_, it)| it.value != Value::Null) {
                            match (kind, key) {
                                ("limits", _) => self.limit(key, it),
                                ("reservations", "cpus" | "memory") => self.reserve(key, it),
                                _ => tree(&mut self.it, &format!("deploy.resources.{kind}.{key}"), it, None),
                            }
                        }
                    }
                }
                _ => tree(&mut self.it, &format!("deploy.{key}"), it, None),
            }
        }
    }

    fn limit(&mut self, name: &str, node: &Node) {
        let (value, known) = amount(name, node);
        self.it.say(&LIMIT, name, value, &bytes(node)).shown(canonical(node)).risk(limit(known));
    }

    fn reserve(&mut self, name: &str, node: &Node) {
        self.it.say(&RESERVED, name, amount(name, node).0, &bytes(node)).shown(canonical(node));
    }

    fn security(&mut self, node: &Node) {
        for (text, at) in items(node) {
            let (name, value) = text.split_once([':', '=']).unwrap_or((&text, ""));
            let (value, risk) = match (name, value) {
                ("no-new-privileges", "false") => continue,
                ("no-new-privileges", "" | "true") => ("", Risk::GUARDS),
                (_, "unconfined" | "disable" | "disabled") => (value, Risk::GRANTS),
                _ => (value, Risk::NONE),
            };
            self.it.say(&OPTION, name, value, &at).risk(risk);
        }
    }

    fn namespace(&mut self, key: &str, node: &Node) {
        let text = canonical(node);
        let name = match key {
            "network_mode" => "network",
            "userns_mode" => "user namespace",
            "ipc" => "memory (ipc)",
            "pid" => "processes (pid)",
            "uts" => "host name (uts)",
            other => other,
        };
        let risk = match text.as_str() {
            "host" => 1.0,
            _ if text.starts_with("container:") || text.starts_with("service:") => 0.5,
            _ => 0.0,
        };
        let shown = if text == "host" { "the host" } else { &text };
        self.it.say(&NAMESPACE, name, &text, &bytes(node)).shown(shown).risk(Risk::of(risk, 0.0)).main();
    }

    fn hosts(&mut self, node: &Node) {
        let listed = node.items().iter().map(|it| {
            let text = canonical(it);
            let (name, address) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((&text, ""));
            (name.to_owned(), address.to_owned(), it.at.clone())
        });
        let mapped = node.entries().map(|(name, it)| (name.to_owned(), canonical(it), bytes(it)));
        for (name, address, at) in listed.chain(mapped) {
            self.it.say(&HOST, name, address.trim_matches(['[', ']']), &at).risk(Risk::GRANTS);
        }
    }
}

/// What a whole service has not of that which the hardening contract asks of each.
fn lacks(node: &Node) -> Vec<&'static str> {
    let lists = |key: &str, is: &dyn Fn(&str) -> bool| {
        node.get(key).is_some_and(|it| items(it).iter().any(|(it, _)| is(&it.to_lowercase())))
    };
    let drops = lists("cap_drop", &|it| it == "all" || it == "cap_all");
    let no_more = lists("security_opt", &|it| it.starts_with("no-new-privileges") && !it.ends_with("false"));
    let limits = node.get("deploy").and_then(|it| it.get("resources")?.get("limits")?.get("memory"));
    let has = |key: &str| node.get(key).is_some_and(|it| it.value != Value::Null);
    // What is built can say in its Dockerfile who it is.
    let is_somebody = has("user") || has("build");
    [
        ("dropped capabilities", drops),
        ("no-new-privileges", no_more),
        ("a read-only root", node.get("read_only").is_some_and(is_on)),
        ("a user", is_somebody),
        ("a memory limit", limits.is_some() || has("mem_limit")),
    ]
    .into_iter()
    .filter(|(_, has)| !has)
    .map(|(what, _)| what)
    .collect()
}

/// `./api/` as `./api`.
fn folder(path: &str) -> String {
    let path = path.strip_suffix('/').filter(|it| !it.is_empty()).unwrap_or(path);
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

/// A resource in one spelling, and as a number.
fn amount(name: &str, node: &Node) -> (String, Option<f64>) {
    let text = canonical(node);
    let known = if name == "memory" { size(&text) } else { text.trim().parse().ok() }.filter(|_| !text.contains('$'));
    (known.map_or(text, |it: f64| it.to_string()), known)
}
