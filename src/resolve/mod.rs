//! A spec and the catalogue into a project: names checked, every default filled in, where each value came from.

mod backing;
mod checks;
mod ci;
mod entrypoint;
mod external;
mod gateway;
mod host;
mod layout;
mod logging;
mod migrations;
mod needs;
mod outputs;
mod overlay;
mod patch;
mod publish;
mod secrets;
mod service;
mod variables;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::catalog::version::nearest;
use crate::catalog::{Catalog, DebugFacts, Entry, ResourceFacts, Selection, StackFacts};
use crate::codes;
use crate::diagnostic::{Code, Diagnostic, Path, Place, Severity, Step};
use crate::lock::Lock;
use crate::project::{
    Audit, Container, Image, Layout, Network, Origin, PRODUCTION, Project, Reach, Resolved, Resources, Secret, Volume,
};
use crate::schema::Judge;
use crate::spec::{self, Duration, Exception, Size, Spec};
use crate::yaml::Doc;

use backing::Provider;
pub use overlay::overlay;

/// A hardening rule, as far as an exception is concerned.
#[derive(Debug, Clone, Copy)]
pub struct KnownRule {
    /// Its name.
    pub name: &'static str,
    /// Whether lifting it changes what is generated.
    pub changes_output: bool,
}

/// Resolves `doc`, which was read as `spec`, for production and for each of its environments.
///
/// Images have the digests that `lock` has for them; without one they have none. `rules` are all hardening rules. The second value holds warnings.
///
/// # Errors
/// Everything in which the spec contradicts itself or the catalogue, warnings among it.
pub fn resolve(
    doc: &Doc,
    spec: &Spec,
    catalog: &Catalog,
    lock: Option<&Lock>,
    judge: &Judge,
    rules: &[KnownRule],
) -> Result<(Resolved, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut resolver = Resolver::new(spec, catalog, rules, None);
    let base = resolver.run();
    let of_base = resolver.told;
    let mut told = of_base.clone();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut environments = BTreeMap::new();
    for (name, environment) in &spec.environments {
        let here = Path::of(["environments", name]);
        // The last two are folders of the gateway's configuration, beside which that of an environment lies.
        if [PRODUCTION, "override", "observability", "hosts", "routes"].contains(&name.as_str()) {
            told.push(
                Diagnostic::error(
                    &codes::RESERVED_NAME,
                    Place::Key(here.clone()),
                    format!("`{name}` cannot be an environment's name"),
                )
                .help("production is the spec itself; call this one otherwise"),
            );
        }
        let Some(overlaid) = overlay(doc, &here) else { continue };
        let of_overlay = overlay::check(doc, &here, &overlaid);
        let live = environment.source_mounts.unwrap_or(name.as_str() == "development");
        let more = match judge.read(&overlaid) {
            Err(them) => them,
            Ok(spec) => {
                let mut resolver = Resolver::new(&spec, catalog, rules, Some((name, live)));
                let shared = base.iter().flat_map(|it| it.networks.keys().chain(it.volumes.keys()));
                resolver.of_base = shared.cloned().collect();
                let mut project = resolver.run();
                if let (Some(base), Some(project)) = (&base, &mut project) {
                    backing::part_files(base, project, name);
                    checks::baked(base, project, &overlaid, &mut resolver.told);
                    host::shared(base, project, &mut resolver.told);
                }
                used.extend(resolver.used_secrets.into_iter().chain(resolver.used_variables));
                used.extend(resolver.used_providers.into_iter().chain(resolver.used_networks));
                environments.extend(project.map(|it| (name.to_string(), it)));
                resolver.told
            }
        };
        // What is wrong with the spec itself was said once; an environment only has to say what it adds.
        let said = |it: &Diagnostic| overlay::is_unused_of_spec(doc, it) || of_base.contains(it);
        let more = overlay::explain(doc, &overlaid, more);
        let more = more.into_iter().filter(|it| !said(it)).map(|it| overlay::moved(it, &overlaid, name));
        told.extend(overlay::told(doc, of_overlay, more.collect()));
    }
    // What only an environment uses is used.
    told.retain(|it| match &it.place {
        Place::Key(path) if it.code == &codes::UNUSED => {
            !matches!(path.0.last(), Some(Step::Key(name)) if used.contains(&**name))
        }
        _ => true,
    });
    // Where something is wrong, not all was looked at: what seems unused may be used there.
    if told.iter().any(|it| it.severity == Severity::Error) {
        told.retain(|it| it.code != &codes::UNUSED || it.severity == Severity::Error);
    }
    let mut seen = HashSet::new();
    told.retain(|it| seen.insert((it.code.name, it.message.clone(), format!("{:?}", it.place))));
    let mut unique = unproven_once(told);
    match base {
        Some(base) if unique.iter().all(|it| it.severity < Severity::Error) => {
            let mut resolved = Resolved { base, environments, locked: lock.is_some(), actions: BTreeMap::new() };
            entrypoint::insist_on_what_all_have(&mut resolved);
            if let Some(lock) = lock {
                lock.pin(&mut resolved);
                unique.extend(lock.lacks(&resolved));
            }
            Ok((resolved, unique))
        }
        _ => Err(unique),
    }
}

/// What was never proven is worth one warning, which names everybody else whom it is about.
fn unproven_once(told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = Vec::new();
    let mut others: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for it in told {
        let same = out.iter().position(|other| it.code == &codes::UNPROVEN && other.message == it.message);
        match (same, &it.place) {
            (Some(first), Place::Key(path) | Place::Value(path)) => {
                let owner = Path(path.0.iter().take(2).cloned().collect());
                others.entry(first).or_default().push(format!("`{owner}`"));
            }
            _ => out.push(it),
        }
    }
    for (first, owners) in others {
        let help = out[first].help.take().unwrap_or_default();
        out[first].help = Some(format!("{help}; the same goes for {}", owners.join(", ")));
    }
    out
}

/// One environment on its way from spec to project.
struct Resolver<'a> {
    spec: &'a Spec,
    catalog: &'a Catalog,
    rules: &'a [KnownRule],
    /// Its name, and whether sources are mounted.
    environment: Option<(&'a str, bool)>,
    told: Vec<Diagnostic>,
    /// Where files lie.
    layout: Layout,
    /// What can be needed, by name.
    providers: BTreeMap<String, Provider>,
    images: BTreeMap<String, Image>,
    containers: BTreeMap<String, Container>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    /// What CI asks about services.
    audits: Vec<Audit>,
    /// What Dependabot calls those who install the dependencies of services that are built.
    ecosystems: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    used_secrets: BTreeSet<String>,
    used_variables: BTreeSet<String>,
    /// Services and backings that somebody needs.
    used_providers: BTreeSet<String>,
    /// What backings listen on, by their names and those of the ports.
    backing_ports: BTreeMap<String, BTreeMap<String, u16>>,
    /// How services are debugged, where that is known and wanted.
    debuggers: BTreeMap<String, DebugFacts>,
    /// Networks and volumes that production has: what is said of them may be said for it alone.
    of_base: BTreeSet<String>,
    /// Networks of others that somebody joins.
    used_networks: BTreeSet<String>,
    /// What containers wait for with their entrypoints, by their names: `db:5432`.
    waits_for: BTreeMap<String, BTreeSet<String>>,
    /// Images whose entrypoint has something to do whatever the spec says.
    always_enters: BTreeSet<String>,
    /// The container that others talk to, for services whose own is not it.
    fronts: BTreeMap<String, String>,
    /// Paths of services that their frameworks show to operators, by the service.
    private_facts: BTreeMap<String, Vec<String>>,
    /// What the gateway's container needs for its routes.
    edge: gateway::Edge,
    /// Facts by stack and choices: services that choose alike share them.
    facts: HashMap<String, Arc<StackFacts>>,
}

impl<'a> Resolver<'a> {
    fn new(spec: &'a Spec, catalog: &'a Catalog, rules: &'a [KnownRule], environment: Option<(&'a str, bool)>) -> Self {
        Resolver {
            spec,
            catalog,
            rules,
            environment,
            told: Vec::new(),
            layout: Layout::default(),
            providers: BTreeMap::new(),
            images: BTreeMap::new(),
            containers: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            audits: Vec::new(),
            ecosystems: BTreeMap::new(),
            secrets: BTreeMap::new(),
            used_secrets: BTreeSet::new(),
            used_variables: BTreeSet::new(),
            used_providers: BTreeSet::new(),
            backing_ports: BTreeMap::new(),
            debuggers: BTreeMap::new(),
            of_base: BTreeSet::new(),
            used_networks: BTreeSet::new(),
            waits_for: BTreeMap::new(),
            always_enters: BTreeSet::new(),
            fronts: BTreeMap::new(),
            private_facts: BTreeMap::new(),
            edge: gateway::Edge::default(),
            facts: HashMap::new(),
        }
    }

    /// The project, where nothing is wrong with it.
    fn run(&mut self) -> Option<Project> {
        self.check_names();
        self.check_variables();
        self.resolve_secrets();
        self.layout = self.resolve_layout();
        self.resolve_backings();
        self.resolve_services();
        self.leave_lonely_jobs();
        self.order_migrations();
        self.settle_entrypoints();
        self.check_dockerfiles();
        let patches = self.resolve_patches();
        self.check_cycles();
        let gateway = self.resolve_gateway();
        self.resolve_published(gateway.as_ref());
        let ci = self.resolve_ci();
        self.leave_lonely_networks();
        self.resolve_networks();
        self.resolve_volumes();
        let logging = self.resolve_logging();
        self.check_unused();
        if self.told.iter().any(|it| it.severity == Severity::Error) {
            return None;
        }
        let variables = self.variables();
        Some(Project {
            name: self.spec.name.to_string(),
            environment: self.environment.map(|(name, _)| name.to_owned()),
            prefix: self.prefix(),
            platforms: self.spec.platforms.iter().map(ToString::to_string).collect(),
            images: std::mem::take(&mut self.images),
            containers: std::mem::take(&mut self.containers),
            gateway,
            networks: std::mem::take(&mut self.networks),
            volumes: std::mem::take(&mut self.volumes),
            secrets: self
                .secrets
                .iter()
                .filter(|(name, _)| self.used_secrets.contains(*name))
                .map(|(name, it)| (name.clone(), it.clone()))
                .collect(),
            variables,
            layout: std::mem::take(&mut self.layout),
            patches,
            logging,
            stop_grace_period: self.grace(),
            ci,
        })
    }

    fn error(&mut self, code: &'static Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.told.push(Diagnostic::error(code, place, message).help(help));
    }

    fn warning(&mut self, code: &'static Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.told.push(Diagnostic::warning(code, place, message).help(help));
    }

    /// What names of environment variables begin with: `SHOP`.
    fn prefix(&self) -> String {
        shouted(&self.spec.name)
    }

    /// How long services get to end, where they do not say.
    fn grace(&self) -> Duration {
        self.spec.defaults.as_ref().and_then(|it| it.stop_grace_period).unwrap_or(Duration(30))
    }

    /// The version that was asked for, if the catalogue has it.
    fn version(
        &mut self,
        entry: &Entry,
        asked: Option<&spec::Text>,
        place: &Path,
        of: &str,
    ) -> Option<(String, Origin)> {
        let Some(asked) = asked else {
            return Some((entry.default_version.clone(), Origin::Catalog(of.to_owned())));
        };
        if let Some(known) = entry.versions.get(&asked.0) {
            if let Some(why) = &known.unproven {
                let message = format!("{} {} was never built and booted by forge's tests", entry.title, asked.0);
                self.warning(
                    &codes::UNPROVEN,
                    Place::Value(place.clone()),
                    message,
                    format!("{why}; try it before you rely on it"),
                );
            }
            return Some((asked.0.clone(), Origin::Spec(place.clone())));
        }
        let known = || entry.versions.keys().map(String::as_str);
        let complaint = Diagnostic::error(
            &codes::UNKNOWN_VERSION,
            Place::Value(place.clone()),
            format!("forge has no version `{}` of {}", asked.0.escape_debug(), entry.title),
        );
        self.told.push(match nearest(&asked.0, known()) {
            Some(best) => complaint.help(format!("did you mean `{best}`?")),
            None => complaint.nearest(&asked.0, known()),
        });
        None
    }

    /// Facts of a stack, made once for all that choose alike.
    fn stack_facts(&mut self, stack: &str, entry: &Entry, selection: &Selection) -> Result<Arc<StackFacts>, String> {
        let key = format!("{stack} {}", serde_json::to_string(selection).expect("a selection is plain data"));
        if let Some(facts) = self.facts.get(&key) {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(entry.facts::<StackFacts>(selection)?);
        self.facts.insert(key, Arc::clone(&facts));
        Ok(facts)
    }

    /// The rules that exceptions lift, with their reasons.
    fn lifted(&mut self, exceptions: &[Exception], at: &Path) -> BTreeMap<String, String> {
        let mut lifted = BTreeMap::new();
        for (index, exception) in exceptions.iter().enumerate() {
            let place = Place::Value(at.key("exceptions").index(index).key("rule"));
            if !self.rules.iter().any(|it| it.name == exception.rule) {
                self.told.push(
                    Diagnostic::error(
                        &codes::UNKNOWN_RULE,
                        place,
                        format!("there is no rule `{}`", exception.rule.escape_debug()),
                    )
                    .nearest(&exception.rule, self.rules.iter().map(|it| it.name)),
                );
            } else if lifted.insert(exception.rule.clone(), exception.reason.to_string()).is_some() {
                self.error(
                    &codes::NAME_TWICE,
                    place,
                    format!("`{}` is lifted twice", exception.rule),
                    "keep one of them",
                );
            }
        }
        lifted
    }

    /// Limits and reservations: the spec's, the defaults', the catalogue's.
    fn resources(
        &mut self,
        own: Option<&spec::Resources>,
        at: &Path,
        facts: &ResourceFacts,
        source: &str,
        defaults: bool,
        origins: &mut Vec<(&'static str, Origin)>,
    ) -> Resources {
        let at = at.key("resources");
        let shared = self.spec.defaults.as_ref().and_then(|it| it.resources.as_ref()).filter(|_| defaults);
        let shared_at = Path::of(["defaults", "resources"]);
        // One value: where it stands decides where it came from.
        macro_rules! fill {
            ($group:ident, $field:ident, $key:literal, $fallback:expr) => {{
                let take = |it: &spec::Resources| it.$group.as_ref().and_then(|it| it.$field);
                let (value, origin) = match (own.and_then(take), shared.and_then(take)) {
                    (Some(value), _) => (value, Origin::Spec(at.dotted(&$key["resources.".len()..]))),
                    (None, Some(value)) => (value, Origin::Spec(shared_at.dotted(&$key["resources.".len()..]))),
                    (None, None) => $fallback,
                };
                origins.push(($key, origin));
                value
            }};
        }
        let catalog = || Origin::Catalog(source.to_owned());
        let cpus = fill!(limits, cpus, "resources.limits.cpus", (facts.cpus, catalog()));
        let memory = fill!(limits, memory, "resources.limits.memory", (facts.memory, catalog()));
        let pids = fill!(limits, pids, "resources.limits.pids", (facts.pids, catalog()));
        // A default must not contradict a limit that somebody lowered.
        let half = |what: &str| Origin::Derived(format!("half of the {what} limit, which is below the default"));
        let reserved_cpus = fill!(reservations, cpus, "resources.reservations.cpus", {
            if facts.reserved_cpus <= cpus {
                (facts.reserved_cpus, catalog())
            } else {
                (spec::Cpus((cpus.0 / 2).max(1)), half("cpu"))
            }
        });
        let reserved_memory = fill!(reservations, memory, "resources.reservations.memory", {
            if facts.reserved_memory <= memory {
                (facts.reserved_memory, catalog())
            } else {
                (Size::mib((memory.in_mib() / 2).max(1)).min(memory), half("memory"))
            }
        });
        // What is written for all services is wrong there.
        let written = |key: &str, here: Path| match origins.iter().rev().find(|(it, _)| *it == key) {
            Some((_, Origin::Spec(path))) => Place::Value(path.clone()),
            _ => Place::Value(here),
        };
        let memory_place = written("resources.limits.memory", at.dotted("limits.memory"));
        let reserved_place = written("resources.reservations.memory", at.dotted("limits.memory"));
        let cpus_place = written("resources.reservations.cpus", at.dotted("limits.cpus"));
        if reserved_memory > memory {
            let place = reserved_place;
            self.error(
                &codes::ABOVE_LIMIT,
                place,
                format!("{reserved_memory} of memory are reserved, and {memory} are the limit"),
                "reserve less, or raise the limit",
            );
        }
        if reserved_cpus > cpus {
            let place = cpus_place;
            self.error(
                &codes::ABOVE_LIMIT,
                place,
                format!("{reserved_cpus} cpus are reserved, and {cpus} are the limit"),
                "reserve less, or raise the limit",
            );
        }
        if memory < facts.least_memory {
            let place = memory_place;
            self.error(
                &codes::MEMORY_TOO_SMALL,
                place,
                format!("{memory} of memory are too little: this needs at least {} to start", facts.least_memory),
                format!("write `memory: {}` or more", facts.least_memory),
            );
        }
        Resources { cpus, memory, pids, reserved_cpus, reserved_memory }
    }

    /// What lies in a tmpfs counts as memory: all of them full must still leave some.
    fn check_tmpfs(&mut self, tmpfs: &BTreeMap<String, Size>, memory: Size, at: &Path) {
        let sum = Size(tmpfs.values().fold(0, |sum, it| sum.saturating_add(it.0)));
        // Too little memory to start with was told already.
        let key = "resources.limits.memory";
        let places = [Place::Value(at.dotted(key)), Place::Value(Path::of(["defaults"]).dotted(key))];
        let told = |it: &Diagnostic| it.code == &codes::MEMORY_TOO_SMALL && places.contains(&it.place);
        if sum >= memory && !self.told.iter().any(told) {
            // Where nobody said how much memory there is, the largest tmpfs is what was said.
            let service = match &at.0[..] {
                [Step::Key(group), Step::Key(name)] if &**group == "services" => self.spec.services.get(&**name),
                _ => None,
            };
            let has_memory = |it: &spec::Service| {
                it.resources.as_ref().and_then(|it| it.limits.as_ref()).is_some_and(|it| it.memory.is_some())
            };
            let largest = tmpfs.iter().max_by_key(|(_, size)| **size).map(|(path, _)| path.as_str());
            let largest = service.filter(|it| !has_memory(it)).and_then(|it| it.writable.get_key_value(largest?));
            let [own, _] = places;
            let place = largest.map_or(own, |(path, _)| Place::Value(at.key("writable").key(path).key("tmpfs")));
            self.error(
                &codes::MEMORY_TOO_SMALL,
                place,
                format!("its tmpfs together hold {sum}, and its memory is {memory}: full, they would get it killed"),
                "raise the memory limit, or make the tmpfs under `writable` smaller",
            );
        }
    }

    /// Takes away the networks on which somebody would be alone who is on others as well: Docker has about 30 to give.
    fn leave_lonely_networks(&mut self) {
        let mut members: BTreeMap<String, usize> = BTreeMap::new();
        for name in self.containers.values().flat_map(|it| &it.networks) {
            *members.entry(name.clone()).or_default() += 1;
        }
        for container in self.containers.values_mut().filter(|it| it.networks.len() > 1) {
            let lonely = |name: &String| name == &container.name && members[name] == 1 && container.name != "gateway";
            if let Some(name) = container.networks.iter().find(|it| lonely(it)).cloned() {
                container.networks.remove(&name);
                self.networks.remove(&name);
            }
        }
        self.networks.retain(|name, _| members.contains_key(name));
    }

    fn network(&mut self, name: &str, reach: Reach) -> String {
        self.networks.insert(name.to_owned(), Network::new(reach));
        name.to_owned()
    }
}

/// Something is named that nobody declared.
fn unknown_name(place: Place, message: String) -> Diagnostic {
    Diagnostic::error(&codes::UNKNOWN_NAME, place, message)
}

/// `shop-web` as the beginning of an environment variable's name: `SHOP_WEB`.
fn shouted(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
