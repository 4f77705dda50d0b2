//! Services whose image is made here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::context;
use serde_json::{Map, Value};

use super::super::Resolver;
use super::super::backing::Filler;
use super::super::needs::Wiring;
use super::stand_ins::stand_ins;
use super::{derive_environment, develop, environment_of, values};
use crate::catalog::{Entry, NumberFacts, Selection, StackFacts, System, UserFacts};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Entrypoint, Image, ImageFiles, ImageRef, Origin, OtherFile, Packages, Reach, Reference, Test, User,
};
use crate::spec::{self, Build, Service};

/// What reads Dockerfiles, where a stack names no other.
const FRONTEND: &str = "docker/dockerfile:1";

/// What is known of a built service before its container is made.
pub(in crate::resolve) struct Built<'a> {
    pub(in crate::resolve) build: &'a Build,
    pub(super) entry: &'a Entry,
    pub(super) selection: Selection,
    version_origin: Origin,
    pub(in crate::resolve) facts: Arc<StackFacts>,
    pub(in crate::resolve) context: String,
}

impl<'a> Resolver<'a> {
    pub(super) fn built(&mut self, build: &'a Build, service: &Service, at: &Path) -> Option<Built<'a>> {
        let at = at.key("build");
        if service.user.is_some() {
            self.error(
                &codes::NO_EFFECT,
                Place::Key(Path(at.0[..2].to_vec()).key("user")),
                "a `build` has its own user",
                "move it to `build: { user: … }`",
            );
        }
        // An unknown stack is a matter of the schema, and was told.
        let entry = self.catalog.stacks.get(&build.stack)?;
        let source = format!("stacks/{}", build.stack);
        let (version, version_origin) = self.version(entry, build.version.as_ref(), &at.key("version"), &source)?;
        let context = self.context(&build.context, &at.key("context"))?;
        let mut selection = Selection { version, options: entry.fill_options(&build.options), ..Selection::default() };
        let facts = self
            .stack_facts(&build.stack, entry, &selection)
            .map_err(|it| self.template_error(&at.key("stack"), &it))
            .ok()?;
        let first = service.command.as_ref().and_then(|it| it.first()).map(|it| it.0.clone());
        selection.program = first.or_else(|| facts.command.first().cloned());
        let facts = self
            .stack_facts(&build.stack, entry, &selection)
            .map_err(|it| self.template_error(&at.key("stack"), &it))
            .ok()?;
        let facts = self.with_paths(facts, &selection, &at.key("stack"));
        if let Some(why) = &facts.refused {
            let message = format!("this cannot be built from the stack `{}`: {why}", build.stack);
            self.error(&codes::UNSUPPORTED, Place::Key(at.clone()), message, "choose another version or option");
        }
        for it in entry.unproven(&selection) {
            let message = format!("{} with {} was never built and booted by forge's tests", entry.title, it.choice);
            let place = at.key("options").key(it.key);
            let place =
                if build.options.contains_key(it.key) { Place::Value(place) } else { Place::Value(at.key("stack")) };
            self.warning(&codes::UNPROVEN, place, message, format!("{}; try it before you rely on it", it.why));
        }
        Some(Built { build, entry, selection, version_origin, facts, context })
    }

    /// The facts with the folder of the program and those in memory filled in.
    fn with_paths(&mut self, facts: Arc<StackFacts>, selection: &Selection, at: &Path) -> Arc<StackFacts> {
        if !facts.workdir.contains("{{") && !facts.tmpfs.keys().any(|it| it.contains("{{")) {
            return facts;
        }
        let options = minijinja::Value::from(minijinja::value::Serde(&selection.options));
        let values = context! { options => options, version => selection.version.clone() };
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        let workdir = filler.fill(&facts.workdir);
        let tmpfs = facts.tmpfs.iter().map(|(path, size)| (filler.fill(path), *size)).collect();
        Arc::new(StackFacts { workdir, tmpfs, ..(*facts).clone() })
    }

    /// A folder inside of the project, without `./`; the project itself is empty.
    pub(super) fn context(&mut self, context: &str, at: &Path) -> Option<String> {
        let place = Place::Value(at.clone());
        let parts: Vec<&str> = context.split('/').filter(|it| !it.is_empty() && *it != ".").collect();
        if context.starts_with('/') || parts.contains(&"..") {
            self.error(
                &codes::CONTEXT,
                place,
                format!("`{context}` leads out of the project"),
                "name a folder beside forge.yaml or below it",
            );
            return None;
        }
        let context = parts.join("/");
        let own = [".forge", "secrets", &self.layout.nginx, &self.layout.scripts];
        let is_below =
            |folder: &&str| context.strip_prefix(*folder).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let message = own.into_iter().find(is_below).map(|it| format!("`{it}` is a folder that forge fills itself"));
        if let Some(message) = message {
            self.error(&codes::CONTEXT, place, message, "keep the source in another folder");
            return None;
        }
        Some(context)
    }

    pub(super) fn resolve_built(&mut self, name: &str, service: &Service, built: &Built<'_>, shared: bool, at: &Path) {
        let facts = Arc::clone(&built.facts);
        self.private_facts.insert(name.to_owned(), facts.private.clone());
        let source = format!("stacks/{}", built.build.stack);
        let mut origins = vec![("build.version", built.version_origin.clone())];
        let user = self.user(built, at, &mut origins);
        let mut container = self.container(
            name,
            service,
            at,
            &facts,
            &source,
            ImageRef::Built(name.to_owned()),
            (user.uid, user.gid),
            origins,
        );
        // Where others talk to a companion, it has the port that the spec gives.
        let port = service.port.filter(|_| facts.front.is_none()).or(facts.port);
        container.port = port;
        container.origins.push((
            "port",
            match service.port {
                Some(_) => Origin::Spec(at.key("port")),
                None => Origin::Catalog(source.clone()),
            },
        ));
        self.check_ports(service, port, at);
        let values = values(name, &container, &built.selection, port, &facts.workdir, Some(&user));
        let test = self.test_of(service, built, at);
        self.audit(name, built, &values, at);
        let Filled { mut images, connect, own_dockerfile, target, reads, shown, environment, command } =
            self.filled(service, built, &values, at);
        let audits = self.build_audits(built, &values, &mut images, at);
        let build_secrets = self.build_secrets(built.build, at);
        let catalog = self.catalog;
        let entrypoint = built.entrypoint(connect, |it| catalog.templates.contains_key(it));
        if facts.entrypoint.as_ref().is_some_and(|it| it.always) {
            self.always_enters.insert(name.to_owned());
        }
        container.origins.push((
            "command",
            match service.command {
                Some(_) => Origin::Spec(at.key("command")),
                None => Origin::Catalog(source.clone()),
            },
        ));
        if command.is_empty() && !facts.image_command {
            self.error(
                &codes::NO_COMMAND,
                Place::Key(at.clone()),
                format!("nothing says how `{name}` is started"),
                "write `command: [program, argument, …]`, or choose a `framework` under `build: { options: … }`",
            );
        }
        let mut made = BTreeMap::new();
        self.wire(&Wiring::of(service, at), &mut container, &mut made, built.has_entrypoint());
        let stand_ins = stand_ins(&container, &made, &self.spec.variables);
        self.wait_for(&mut container, entrypoint.as_ref());
        derive_environment(&mut container, environment);
        container.healthcheck = self.healthcheck(service, &container, &facts, values.clone(), at);
        self.volumes_of(service, &mut container, &facts, at);
        let volumes: BTreeSet<String> = container.mounts.keys().cloned().collect();
        self.mount_sources(built, &mut container, values.clone(), at);
        let mut filler = Filler { resolver: self, values, at: at.key("build") };
        container.command = develop(&mut filler, name, &facts, &command);
        // What is not in the Dockerfile is said where it runs.
        let (command, baked) = if own_dockerfile.is_some() {
            container.command = container.command.or(Some(command)).filter(|it| !it.is_empty());
            (Vec::new(), None)
        } else {
            (command, container.healthcheck.clone())
        };
        if let Some(migrate) = &service.migrate {
            self.resolve_migration(name, migrate, service, &mut container, built, at);
        }
        self.check_exceptions(service, at);
        let files = self.image_files(name, built, shared, own_dockerfile.as_deref(), entrypoint.as_ref());
        let title = format!("{}-{name}", self.spec.name);
        let image = Image {
            name: name.to_owned(),
            repository: match &self.spec.registry {
                Some(registry) => format!("{registry}/{title}"),
                None => title.clone(),
            },
            title,
            stack: built.build.stack.clone(),
            version: built.selection.version.clone(),
            options: all_options(built),
            context: built.context.clone(),
            beside: self.beside(&built.context),
            files,
            images,
            values: shown,
            stand_ins,
            system: facts.system.as_str(),
            build_system: facts.build_system.as_str(),
            target,
            own_dockerfile: own_dockerfile.is_some(),
            companion_of: None,
            args: self.build_args(built.build, at),
            build_secrets,
            audits,
            workdir: facts.workdir.clone(),
            packages: Packages { build: sorted(&built.build.packages.build), run: sorted(&built.build.packages.run) },
            user,
            ports: port
                .into_iter()
                .chain(service.ports.values().copied())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            command,
            healthcheck: baked,
            foreign_lockfiles: facts.foreign_lockfiles.clone(),
            entrypoint,
            secret_variables: made,
            required: BTreeSet::new(),
            checked: BTreeMap::new(),
            secrets: BTreeSet::new(),
            variables: self.variables_of(service),
            volumes,
            reads,
            grace: container.stop_grace_period.0,
            cpus: container.resources.cpus.whole(),
            test,
        };
        self.check_system(service, built, at);
        self.network(name, Reach::Internal);
        self.resolve_companions(name, service, built, &image, &mut container, at);
        self.containers.insert(name.to_owned(), container);
        self.images.insert(name.to_owned(), image);
    }

    /// What the formulas of a stack come to for one service.
    fn filled(&mut self, service: &Service, built: &Built<'_>, values: &minijinja::Value, at: &Path) -> Filled {
        let facts = &built.facts;
        let mut filler = Filler { resolver: self, values: values.clone(), at: at.key("build") };
        // A formula that comes to nothing is of an image that this one does without.
        let mut images: BTreeMap<String, Reference> = facts
            .images
            .iter()
            .map(|(key, it)| (key.clone(), filler.fill(it)))
            .filter(|(_, it)| !it.is_empty())
            .map(|(key, it)| (key, Reference::tagged(it)))
            .collect();
        let own_dockerfile = facts.dockerfile.as_ref().map(|it| filler.fill(it));
        if own_dockerfile.is_none() {
            images.entry("frontend".to_owned()).or_insert_with(|| Reference::tagged(FRONTEND));
        }
        // What somebody's own command starts is theirs to know.
        let program = facts.program.iter().filter(|_| service.command.is_none());
        Filled {
            images,
            own_dockerfile,
            connect: filler.all(&facts.probe.connect),
            target: facts.target.as_ref().map(|it| filler.fill(it)).filter(|it| !it.is_empty()),
            reads: facts.reads.iter().chain(program).map(|it| filler.fill(it)).filter(|it| !it.is_empty()).collect(),
            shown: facts.values.iter().map(|(key, it)| (key.clone(), filler.fill(it))).collect(),
            environment: environment_of(facts, &mut filler),
            command: match &service.command {
                Some(command) => command.iter().map(|it| it.0.clone()).collect(),
                None => filler.words(&facts.command),
            },
        }
    }

    /// Where the files of an image lie; `shared` is whether other services are built in its folder, too.
    fn image_files(
        &self,
        name: &str,
        built: &Built<'_>,
        shared: bool,
        own_dockerfile: Option<&str>,
        entrypoint: Option<&Entrypoint>,
    ) -> ImageFiles {
        let files = |file: &str| if shared { format!("{name}.{file}") } else { file.to_owned() };
        let beside = |file: String| match built.context.as_str() {
            "" => file,
            context => format!("{context}/{file}"),
        };
        let given = match own_dockerfile {
            Some(own) => Some(beside(own.to_owned())),
            None => self.dockerfile(name),
        };
        // Docker looks for one of this name before it looks for the context's own.
        let dockerignore = match &given {
            Some(dockerfile) => format!("{dockerfile}.dockerignore"),
            None if shared => beside(format!("{name}.Dockerfile.dockerignore")),
            None => beside(".dockerignore".to_owned()),
        };
        let others =
            built.facts.files.iter().map(|(it, template)| {
                (it.replace('.', "_"), OtherFile { name: files(it), template: template.clone() })
            });
        ImageFiles {
            dockerfile: given.unwrap_or_else(|| beside(files("Dockerfile"))),
            dockerignore,
            entrypoint: entrypoint.map(|it| files(&it.file)).unwrap_or_default(),
            others: others.collect(),
        }
    }

    /// The tests, where the stack has a stage for them.
    pub(super) fn test_of(&mut self, service: &Service, built: &Built<'_>, at: &Path) -> Option<Test> {
        let test = service.test.as_ref()?;
        if !built.facts.tests {
            let message = format!("the stack `{}` has no stage for tests", built.build.stack);
            let help = "leave `test` out; a stack of your own has one with `tests: true` and a stage `test`";
            self.error(&codes::UNSUPPORTED, Place::Key(at.key("test")), message, help);
            return None;
        }
        Some(Test {
            command: test.command.iter().map(|it| it.0.clone()).collect(),
            egress: test.egress.unwrap_or(false),
        })
    }

    /// Who runs the image: the spec's, the defaults', the stack's. Of names and numbers that nobody gives, the stack's are
    /// taken.
    pub(super) fn user(&mut self, built: &Built<'_>, at: &Path, origins: &mut Vec<(&'static str, Origin)>) -> User {
        let facts = built.facts.user.clone();
        let own = built.build.user.as_ref();
        if facts.is_none() && own.is_none_or(|it| it.uid.is_none()) {
            self.error(
                &codes::MISSING_KEY,
                Place::Key(at.key("build")),
                "nothing says who runs this image",
                "write `build: { user: { uid: …, gid: … } }` with the numbers of `USER` in its Dockerfile; not 0",
            );
        }
        let facts = facts.unwrap_or(UserFacts { name: "app".to_owned(), uid: 10001, gid: 10001, fixed: false });
        // What is the base image's own, defaults for all others do not change.
        let of_base = |name: &str, uid: u32, gid: u32| {
            built.facts.base_users.get(name).is_some_and(|it| (it.uid, it.gid) == (uid, gid))
        };
        let is_given = facts.fixed || of_base(&facts.name, facts.uid, facts.gid);
        let shared = self.spec.defaults.as_ref().and_then(|it| it.user.as_ref()).filter(|_| !is_given);
        let origin = match (own, shared) {
            (Some(_), _) => Origin::Spec(at.dotted("build.user")),
            (None, Some(_)) => Origin::Spec(Path::of(["defaults", "user"])),
            (None, None) => Origin::Catalog(format!("stacks/{}", built.build.stack)),
        };
        origins.push(("build.user", origin));
        let pick = |take: fn(&spec::User) -> Option<u32>| own.and_then(take).or_else(|| shared.and_then(take));
        let name = own.and_then(|it| it.name.clone()).or_else(|| shared.and_then(|it| it.name.clone()));
        let uid = pick(|it| it.uid).unwrap_or(facts.uid);
        let gid = pick(|it| it.gid).unwrap_or(if uid == facts.uid { facts.gid } else { uid });
        let name = name.map_or_else(|| facts.name.clone(), |it| it.to_string());
        if facts.fixed && (uid, gid) != (facts.uid, facts.gid) {
            self.error(
                &codes::UNSUPPORTED,
                Place::Value(at.dotted("build.user")),
                format!("the image of {} runs as {}:{}", built.entry.title, facts.uid, facts.gid),
                "leave the user out",
            );
        }
        // Without a shell nobody makes users: the numbers alone count.
        let exists = facts.fixed || built.facts.system == System::Distroless || of_base(&name, uid, gid);
        let of_system =
            self.catalog.systems.get(built.facts.system.as_str()).is_some_and(|it| it.users.contains(&name));
        let taken = of_system || built.facts.taken_users.contains(&name) || built.facts.base_users.contains_key(&name);
        if !exists && taken {
            let help = match built.facts.base_users.get(&name) {
                Some(it) => format!(
                    "write `uid: {}, gid: {}`, or choose another name; the number is what counts",
                    it.uid, it.gid
                ),
                None => "choose another name; the number is what counts".to_owned(),
            };
            self.error(
                &codes::NAME_TWICE,
                Place::Value(at.dotted("build.user.name")),
                format!("the base image of {} has a user `{name}` with a number of its own", built.entry.title),
                help,
            );
        }
        let has_a_number = |it: &&NumberFacts| it.uid == uid || it.gid == gid;
        let of_base = built.facts.base_users.iter().filter(|(_, it)| !exists && has_a_number(it));
        let replaces = of_base.map(|(name, _)| name.clone()).collect();
        User { name, uid, gid, exists, replaces }
    }
}

/// What the formulas of a stack come to for one service.
struct Filled {
    images: BTreeMap<String, Reference>,
    /// The words that ask whether something takes connections.
    connect: Vec<String>,
    own_dockerfile: Option<String>,
    target: Option<String>,
    /// Files that the build reads.
    reads: Vec<String>,
    /// What only the Dockerfile wants to know.
    shown: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
    command: Vec<String>,
}

/// The options as templates see them: those without default and choice are empty text.
fn all_options(built: &Built<'_>) -> Map<String, Value> {
    let mut options = built.selection.options.clone();
    for name in built.entry.options.keys() {
        options.entry(name.clone()).or_insert_with(|| "".into());
    }
    options
}

fn sorted(packages: &[spec::Packages]) -> Vec<String> {
    packages.iter().map(|it| it.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
}
