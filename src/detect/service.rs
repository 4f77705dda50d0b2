//! One folder as a program of one stack: every fact that can be read off it.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;

use super::command::Commands;
use super::docker::{Compose, ComposeService, Dockerfile};
use super::found::{self, Confidence, Evidence, Fact, PackageUse, Start};
use super::rules::{Scope, shown};
use super::tree::{Tree, at, folder_of, line_at, name_of, scalar, settings, upwards, within};
use super::version::is_range;
use crate::catalog::{Detection, StackDetection};

/// What is looked at together: the folder, and what others said about it.
pub(super) struct Look<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) known: &'t Detection,
    pub(super) composes: &'t [Compose],
    /// All folders that hold a program of some stack.
    pub(super) folders: Vec<String>,
}

/// A program that perhaps is one.
pub(super) struct Draft<'t> {
    pub(super) scope: Scope<'t>,
    pub(super) service: found::Service,
    pub(super) dockerfile: Option<Dockerfile>,
    /// Its own service in a compose file.
    pub(super) linked: Option<(&'t Compose, &'t ComposeService)>,
    pub(super) env_files: Vec<String>,
    /// The processes of its Procfile, without `web`.
    pub(super) processes: Vec<(String, Fact<String>)>,
    /// Whether somebody wrote down how it is started, in a file for production.
    pub(super) is_shipped: bool,
    pub(super) scripts: Vec<(String, String)>,
}

impl<'t> Look<'t> {
    /// A folder as a program of a stack; `others` are the folders of other programs of it.
    pub(super) fn draft(&self, name: &str, stack: &'t StackDetection, folder: &str, others: &[String]) -> Draft<'t> {
        let common = &self.known.common;
        let mut scope = Scope::new(self.tree, stack, folder, others, &common.aside);
        let env_files = self.env_files(folder);
        scope.variables = self.variables(&scope, &env_files);
        let dockerfile = self.dockerfile(folder);
        let linked = self.linked(folder, dockerfile.as_ref()).or_else(|| self.mounted(folder, stack));
        let manifest = stack.manifests.iter().chain(stack.bare.iter()).find_map(|it| {
            let found = self.tree.glob(folder, it);
            found.first().map(|it| Evidence::place(*it, None))
        });
        let manifest = manifest.unwrap_or_else(|| Evidence::why("its sources"));
        let service = found::Service {
            name: Fact::new(String::new(), Evidence::why("its folder"), Confidence::Medium),
            path: shown(folder),
            context: shown(folder),
            program: None,
            stack: Fact::new(name.to_owned(), manifest, Confidence::High),
            language: stack.language.clone(),
            version: None,
            lockfile: None,
            options: IndexMap::new(),
            role: None,
            port: None,
            port_variable: None,
            start: None,
            health: None,
            migrate: None,
            needs: IndexMap::new(),
            variables: IndexMap::new(),
            packages: IndexMap::new(),
            volumes: Vec::new(),
            data: Vec::new(),
            exceptions: IndexMap::new(),
            dockerfile: None,
            from: None,
            paths: Vec::new(),
            also: Vec::new(),
        };
        let scripts = scripts(&scope);
        let mut draft =
            Draft { scope, service, dockerfile, linked, env_files, processes: Vec::new(), is_shipped: false, scripts };
        self.fill(&mut draft);
        draft
    }

    /// Finds everything that follows from the folder, the member that is set included.
    pub(super) fn fill(&self, draft: &mut Draft<'t>) {
        let stack = draft.scope.stack;
        draft.service.lockfile = upwards(&draft.scope.folder).into_iter().find_map(|folder| {
            stack.locks.iter().find_map(|it| self.tree.glob(folder, it).first().map(|it| (*it).to_owned()))
        });
        self.start(draft);
        draft.service.version = self.version(draft);
        draft.scope.version = draft.service.version.as_ref().map(|it| it.value.clone());
        draft.service.options.clear();
        draft.scope.options.clear();
        for (option, rules) in &stack.options {
            if let Some(fact) = draft.scope.find(rules) {
                draft.scope.options.insert(option.clone(), fact.clone());
                draft.service.options.insert(option.clone(), fact);
            }
        }
        for (option, rules) in &stack.lists {
            let mut found = draft.scope.every(rules);
            found.sort_by(|a, b| a.value.cmp(&b.value));
            found.dedup_by(|a, b| a.value == b.value);
            if let Some(first) = found.first() {
                let words: Vec<&str> = found.iter().map(|it| it.value.as_str()).collect();
                draft.service.options.insert(option.clone(), first.with(words.join(" ")));
            }
        }
        self.keep(draft);
        let exceptions = stack.exceptions.iter();
        let exceptions = exceptions.filter_map(|(name, rules)| Some((name.clone(), draft.scope.find(rules)?)));
        draft.service.exceptions = exceptions.collect();
        self.role(draft);
        self.port(draft);
        draft.service.health = self.health(draft);
        self.migrate(draft);
        self.environment(draft);
        self.system(draft);
        let linked = draft.linked.into_iter().flat_map(|(compose, it)| {
            it.volumes.iter().map(|(path, line)| Fact::new(path.clone(), compose.at(*line), Confidence::High))
        });
        let own = draft.dockerfile.iter().flat_map(|it| {
            it.volumes.iter().map(|(path, line)| Fact::new(path.clone(), it.at(*line), Confidence::High))
        });
        // The folder of the program is another one here: what lies in theirs is said from there.
        let workdir = draft.dockerfile.as_ref().and_then(|it| it.workdir.as_deref());
        let moved = |mut it: Fact<String>| {
            if let Some(below) = workdir.and_then(|workdir| within(&it.value, workdir)) {
                it.value = below.to_owned();
            }
            it
        };
        let is_program = |it: &Fact<String>| workdir.is_some_and(|workdir| it.value.trim_end_matches('/') == workdir);
        let mut volumes: Vec<Fact<String>> = own.chain(linked).filter(|it| !is_program(it)).map(moved).collect();
        for it in draft.scope.every(&stack.writable) {
            if !volumes.iter().any(|known| known.value.trim_end_matches('/') == it.value) {
                volumes.push(it);
            }
        }
        volumes.dedup_by_key(|it| it.value.clone());
        draft.service.volumes = volumes;
        draft.service.paths = draft.scope.every(&stack.paths);
        draft.service.paths.sort_by(|a, b| a.value.cmp(&b.value));
        draft.service.paths.dedup_by(|a, b| a.value == b.value);
        draft.service.data = self.data(&draft.scope, &draft.env_files);
        draft.service.dockerfile = draft.dockerfile.as_ref().map(|it| found::Dockerfile {
            file: it.file.clone(),
            stages: it.stages,
            base: it.base.clone(),
            user: it.user.as_ref().map(|(user, _)| user.clone()),
        });
    }

    /// The Dockerfile that is about a folder: its own, one that a compose file builds it with, or one above that names it.
    fn dockerfile(&self, folder: &str) -> Option<Dockerfile> {
        let built = self.composes.iter().flat_map(|it| &it.services).find_map(|it| {
            let (context, dockerfile) = it.build.as_ref()?;
            self.is_about(folder, context, dockerfile).then(|| dockerfile.clone())
        });
        let named = ["Dockerfile.production", "Dockerfile.prod", "Dockerfile", "Containerfile", "dockerfile"];
        let own = named.iter().find_map(|it| self.tree.glob(folder, it).first().map(|it| (*it).to_owned()));
        let beside = || {
            let globs = [
                "docker/[Dd]ockerfile",
                "docker/*/[Dd]ockerfile",
                "*/docker/[Dd]ockerfile",
                "*/docker/*/[Dd]ockerfile",
            ];
            let found = globs.iter().flat_map(|it| self.tree.glob(folder, it));
            let is_others = |it: &&str| self.folders.iter().any(|other| other != folder && within(it, other).is_some());
            found.into_iter().find(|it| !is_others(it)).map(str::to_owned)
        };
        let above = || {
            upwards(folder).into_iter().skip(1).find_map(|above| {
                let file = *self.tree.glob(above, "Dockerfile").first()?;
                let text = self.tree.text(file)?;
                text.contains(name_of(folder)).then(|| file.to_owned())
            })
        };
        let file = built.filter(|it| self.tree.has(it)).or(own).or_else(beside).or_else(above)?;
        super::docker::read(self.tree, &self.known.common, &file)
    }

    /// Whether an image that is built from `context` with this Dockerfile is that of a folder: a Dockerfile in the folder of
    /// another program is about that one.
    fn is_about(&self, folder: &str, context: &str, dockerfile: &str) -> bool {
        let at = folder_of(dockerfile);
        at == folder || context == folder && !self.folders.iter().any(|it| it == at && it != folder)
    }

    /// The service of a compose file that is built from a folder.
    fn linked(&self, folder: &str, dockerfile: Option<&Dockerfile>) -> Option<(&'t Compose, &'t ComposeService)> {
        let services = || self.composes.iter().flat_map(|compose| compose.services.iter().map(move |it| (compose, it)));
        let file = dockerfile.map(|it| it.file.as_str());
        let is_own = |it: &ComposeService| {
            it.build
                .as_ref()
                .is_some_and(|(context, path)| self.is_about(folder, context, path) || Some(path.as_str()) == file)
        };
        // Of several with one image, those that only run something else in it come last.
        let own = services().filter(|(_, it)| is_own(it));
        own.min_by_key(|(_, it)| (it.ports.is_empty(), it.command.is_some()))
    }

    /// Whether a service of a compose file runs a program of the project from a folder of it.
    pub(super) fn is_mounted(&self, it: &ComposeService) -> bool {
        let is_one = |stack: &StackDetection| {
            self.folders.iter().any(|folder| self.mounted(folder, stack).is_some_and(|(_, known)| known == it))
        };
        self.known.stacks.values().any(is_one)
    }

    /// The service of a compose file that runs the stack's own image with the folder mounted into it.
    fn mounted(&self, folder: &str, stack: &StackDetection) -> Option<(&'t Compose, &'t ComposeService)> {
        let services = self.composes.iter().flat_map(|compose| compose.services.iter().map(move |it| (compose, it)));
        services.filter(|(_, it)| it.build.is_none() && it.mounts.iter().any(|it| it == folder)).find(|(_, it)| {
            it.image.as_ref().is_some_and(|(name, tag, _)| {
                let image = format!("{name}:{}", tag.as_deref().unwrap_or("latest"));
                let image = image.strip_prefix("docker.io/").unwrap_or(&image);
                stack.images.iter().any(|it| self.tree.fits(it, image))
            })
        })
    }

    /// Reads the commands of a program.
    fn commands<'c>(
        &self,
        folder: &'c str,
        dockerfile: Option<&'c Dockerfile>,
        scripts: &'c [(String, String)],
    ) -> Commands<'c>
    where
        't: 'c,
    {
        let workdir = dockerfile.and_then(|it| it.workdir.as_deref());
        Commands { tree: self.tree, common: &self.known.common, folder, workdir, scripts }
    }

    /// How it is started: Procfile, Dockerfile, compose file, and then what the stack knows of manifests.
    fn start(&self, draft: &mut Draft<'t>) {
        let folder = draft.scope.folder.clone();
        let commands = self.commands(&folder, draft.dockerfile.as_ref(), &draft.scripts);
        let mut candidates: Vec<Fact<String>> = Vec::new();
        draft.processes.clear();
        if let Some(file) = self.tree.glob(&folder, "Procfile").first()
            && let Some(text) = self.tree.text(file)
        {
            for (name, command, line) in settings(&text) {
                let fact = Fact::new(command, Evidence::place(*file, Some(line)), Confidence::High);
                if name == "web" {
                    candidates.push(fact);
                } else {
                    draft.processes.push((name, fact));
                }
            }
        }
        if let Some(it) = &draft.dockerfile
            && let Some((command, line)) = &it.command
        {
            candidates.push(Fact::new(command.clone(), it.at(*line), Confidence::High));
        }
        if let Some((compose, it)) = draft.linked
            && let Some((command, line)) = &it.command
        {
            candidates.push(Fact::new(command.clone(), compose.at(*line), Confidence::High));
        }
        let scope = &mut draft.scope;
        let rules = &scope.stack.start;
        let usual: Vec<Fact<String>> = rules.iter().filter_map(|rule| scope.find(std::slice::from_ref(rule))).collect();
        let mut is_fit = |it: &Fact<String>| {
            scope.start = Some(it.with(commands.read(&it.value).text));
            !commands.is_for_development(&it.value) && !scope.any(&scope.stack.development)
        };
        let shipped = candidates.into_iter().find(|it| is_fit(it));
        let start = shipped.clone().or_else(|| usual.into_iter().find(|it| is_fit(it)));
        draft.is_shipped = shipped.is_some();
        let start = start.map(|it| {
            let mut start = commands.read(&it.value);
            if draft.scope.stack.compiled && draft.is_shipped && !start.words.is_empty() {
                start.words.remove(0);
            }
            it.with(start)
        });
        draft.scope.start = start.as_ref().map(|it| it.with(it.value.text.clone()));
        draft.scope.cd = start.as_ref().map(|it| it.value.folder.clone()).unwrap_or_default();
        draft.service.start = start.filter(|it| !it.value.text.is_empty());
    }

    /// Whether the start command stays as it is written; what calls a program that no image has cannot.
    fn keep(&self, draft: &mut Draft<'t>) {
        let Some(start) = &mut draft.service.start else { return };
        let stack = draft.scope.stack;
        let scope = &mut draft.scope;
        let words = start.value.words.join(" ");
        if stack.absent.iter().any(|it| self.tree.fits(it, &words)) {
            start.value.words.clear();
        }
        if stack.kept.is_empty() {
            return;
        }
        let written = scope.start.replace(start.with(words));
        start.value.kept = Some(!start.value.folder.is_empty() || scope.any(&stack.kept));
        scope.start = written;
    }

    fn role(&self, draft: &mut Draft<'t>) {
        let found = draft.scope.find(&draft.scope.stack.role);
        let exposed = || {
            let it = draft.dockerfile.as_ref().filter(|_| draft.is_shipped)?;
            let (_, line) = it.expose.first()?;
            Some(Fact::new("web".to_owned(), it.at(*line), Confidence::Medium))
        };
        let declared = || {
            let start = draft.service.start.as_ref()?;
            let evidence = start.evidence.first()?;
            let is_process = evidence.file.as_deref().is_some_and(|it| name_of(it) == "Procfile");
            let why = "the process is called web; nothing shows that it listens";
            is_process.then(|| Fact::new("web".to_owned(), evidence.clone().because(why), Confidence::Low))
        };
        let script = || {
            let start = draft.service.start.as_ref()?;
            let evidence = start.evidence.first()?.clone();
            Some(Fact::new(
                "script".to_owned(),
                evidence.because("it starts, and nothing shows that it listens"),
                Confidence::Medium,
            ))
        };
        let named = || {
            let start = draft.service.start.as_ref()?;
            let name = draft.scope.program.as_deref().filter(|it| *it != ".").unwrap_or(&draft.scope.folder);
            let is_worker = self.known.common.workers.iter().any(|it| self.tree.fits(it, name_of(name)));
            let evidence =
                start.evidence.first()?.clone().because("it is called so, and nothing shows that it listens");
            is_worker.then(|| Fact::new("worker".to_owned(), evidence, Confidence::Medium))
        };
        let role = found.or_else(exposed).or_else(declared).or_else(named).or_else(script);
        draft.scope.role = role.as_ref().map(|it| it.value.clone());
        draft.service.role = role;
    }

    /// The version: what is written down for it, then the base image, then what manifests allow.
    fn version(&self, draft: &Draft<'t>) -> Option<Fact<String>> {
        let scope = &draft.scope;
        let written = scope.stack.version.iter().filter_map(|rule| scope.find(std::slice::from_ref(rule)));
        let written: Vec<Fact<String>> = written.collect();
        let exact = written.iter().find(|it| !is_range(&it.value));
        let version_of = |image: &str| {
            let image = image.strip_prefix("docker.io/").unwrap_or(image);
            let image = image.strip_prefix("library/").unwrap_or(image);
            scope.stack.images.iter().find_map(|pattern| {
                let pattern = self.tree.pattern(pattern)?;
                Some(pattern.captures(image)?.get(1)?.as_str().to_owned())
            })
        };
        let built = draft.dockerfile.as_ref().and_then(|it| {
            it.images
                .iter()
                .rev()
                .find_map(|(image, line)| Some(Fact::new(version_of(image)?, it.at(*line), Confidence::High)))
        });
        let run = || {
            let (compose, it) = draft.linked.filter(|(_, it)| it.build.is_none())?;
            let (name, tag, line) = it.image.as_ref()?;
            let version = version_of(&format!("{name}:{}", tag.as_deref()?))?;
            Some(Fact::new(version, compose.at(*line), Confidence::High))
        };
        let imaged = built.or_else(run);
        let found = exact.cloned().or(imaged).or_else(|| written.first().cloned());
        // What was written for an older version runs with a newer one: what is asked for is the least.
        let is_least = |it: &Fact<String>| scope.stack.newer && !is_range(&it.value);
        found.map(|it| if is_least(&it) { it.with(format!(">={}", it.value)) } else { it })
    }

    fn port(&self, draft: &mut Draft<'t>) {
        draft.service.port_variable = draft.scope.variables.iter().find_map(|(name, evidence)| {
            let is_one = self.known.common.ports.iter().any(|it| self.tree.fits(it, name));
            is_one.then(|| Fact::new(name.clone(), evidence.clone(), Confidence::High))
        });
        if !matches!(draft.scope.role.as_deref(), Some("web" | "grpc" | "worker")) {
            draft.service.port = None;
            return;
        }
        let scope = &draft.scope;
        let started = draft.service.start.as_ref().and_then(|it| {
            let port = port_of(&it.value.text)?;
            Some(it.with(port))
        });
        let set = draft.dockerfile.as_ref().and_then(|it| {
            let is_port = |name: &str| self.known.common.ports.iter().any(|pattern| self.tree.fits(pattern, name));
            let (_, value, line) = it.env.iter().rfind(|(name, ..)| is_port(name))?;
            Some(Fact::new(value.parse().ok()?, it.at(*line), Confidence::High))
        });
        let written = scope.find(&scope.stack.port).and_then(|it| Some(it.with(it.value.parse().ok()?)));
        let exposed = || {
            let it = draft.dockerfile.as_ref()?;
            let (port, line) = it.expose.first()?;
            Some(Fact::new(*port, it.at(*line), Confidence::High))
        };
        let published = || {
            let (compose, it) = draft.linked?;
            let (port, line) = it.ports.first()?;
            Some(Fact::new(*port, compose.at(*line), Confidence::High))
        };
        draft.service.port = started.or(set).or(written).or_else(exposed).or_else(published);
    }

    fn health(&self, draft: &Draft<'t>) -> Option<Fact<String>> {
        if draft.scope.role.as_deref() != Some("web") {
            return None;
        }
        let asked = draft.dockerfile.as_ref().and_then(|it| {
            let (path, line) = it.health.as_ref()?;
            Some(Fact::new(path.clone(), it.at(*line), Confidence::High))
        });
        let composed = || {
            let (compose, it) = draft.linked?;
            let (path, line) = it.health.as_ref()?;
            Some(Fact::new(path.clone(), compose.at(*line), Confidence::High))
        };
        let routed = || self.own_route(draft);
        asked.or_else(composed).or_else(|| draft.scope.find(&draft.scope.stack.health)).or_else(routed)
    }

    /// A route that asks for health. Where some lie below a path that is written elsewhere, only those beside the program's own
    /// start are its own; and where its file has such paths, too, those that are plainly the application's.
    fn own_route(&self, draft: &Draft<'t>) -> Option<Fact<String>> {
        let common = &self.known.common;
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|it| self.tree.fits(it, text));
        let mounts = |file: &String| self.tree.text(file).is_some_and(|it| fits(&common.mounts, &it));
        let sources = &draft.scope.sources;
        let is_mounted = sources.iter().any(mounts);
        let role = draft.service.role.as_ref().and_then(|it| it.evidence.first()?.file.clone());
        let framework = draft.scope.options.get("framework").and_then(|it| it.evidence.first()?.file.clone());
        let own =
            sources.iter().filter(|it| !is_mounted || Some(*it) == role.as_ref() || Some(*it) == framework.as_ref());
        let own: Vec<(&String, bool)> = own.map(|it| (it, mounts(it))).collect();
        common.health.iter().filter_map(|it| self.tree.pattern(it)).find_map(|pattern| {
            own.iter().find_map(|(file, mounts)| {
                in_route(self.tree, &pattern, file, |path, before| {
                    !fits(&common.no_routes, path) && (!mounts || fits(&common.own_routes, before))
                })
            })
        })
    }

    /// The migration: a `release` process, what runs before the start, or what the stack knows.
    fn migrate(&self, draft: &mut Draft<'t>) {
        let folder = draft.scope.folder.clone();
        let commands = self.commands(&folder, draft.dockerfile.as_ref(), &draft.scripts);
        let released = draft
            .processes
            .iter()
            .find(|(name, _)| name == "release")
            .map(|(_, it)| it.with(commands.read(&it.value).text));
        let before = || {
            let start = draft.service.start.as_ref()?;
            let found = start.value.before.iter().find(|it| commands.is_migration(it))?;
            Some(start.with(found.clone()))
        };
        draft.service.migrate = released
            .filter(|it| commands.is_migration(&it.value))
            .or_else(before)
            .or_else(|| draft.scope.find(&draft.scope.stack.migrate));
    }

    fn system(&self, draft: &mut Draft<'t>) {
        let scope = &draft.scope;
        let mut out = IndexMap::new();
        let wanted = [(&scope.stack.system.build, PackageUse::Build), (&scope.stack.system.run, PackageUse::Run)];
        for (packages, usage) in wanted {
            for (package, rules) in packages {
                if let Some(fact) = scope.find(rules) {
                    out.insert(package.clone(), fact.with(usage));
                }
            }
        }
        if let Some(it) = &draft.dockerfile
            && it.stages == 1
        {
            for (package, line) in &it.packages {
                out.entry(package.clone())
                    .or_insert_with(|| Fact::new(PackageUse::Run, it.at(*line), Confidence::Medium));
            }
        } else if let Some(it) = &draft.dockerfile {
            for (usage, packages) in [(PackageUse::Run, &it.packages), (PackageUse::Build, &it.build_packages)] {
                for (package, line) in packages {
                    out.entry(package.clone()).or_insert_with(|| Fact::new(usage, it.at(*line), Confidence::Medium));
                }
            }
        }
        draft.service.packages = out;
    }

    /// The further processes of a program: those of its Procfile, those that a compose file runs from its image, and what its
    /// stack knows.
    pub(super) fn processes(&self, draft: &Draft<'t>) -> Vec<(String, Fact<String>)> {
        let folder = draft.scope.folder.clone();
        let commands = self.commands(&folder, draft.dockerfile.as_ref(), &draft.scripts);
        let serves = |it: &Fact<String>| {
            let start = commands.read(&it.value).text;
            !start.is_empty() && !commands.is_for_development(&it.value) && !commands.is_migration(&start)
        };
        let mut out: Vec<(String, Fact<String>)> =
            draft.processes.iter().filter(|(name, _)| name != "release").cloned().collect();
        if let Some((compose, own)) = draft.linked {
            let is_same = |it: &&ComposeService| {
                let is_image = own.image.as_ref().is_some_and(|(name, ..)| {
                    it.image.as_ref().is_some_and(|(other, ..)| it.build.is_none() && name == other)
                });
                it.name != own.name && it.ports.is_empty() && (it.build.is_some() && it.build == own.build || is_image)
            };
            for it in compose.services.iter().filter(is_same) {
                let Some((command, line)) = &it.command else { continue };
                let command = Fact::new(command.clone(), compose.at(*line), Confidence::High);
                if serves(&command) && !out.iter().any(|(name, _)| *name == it.name) {
                    out.push((it.name.clone(), command));
                }
            }
        }
        let start = draft.service.start.as_ref().map(|it| it.value.text.clone()).unwrap_or_default();
        for (process, rules) in &draft.scope.stack.workers {
            let Some(command) = draft.scope.find(rules).filter(serves) else { continue };
            let text = commands.read(&command.value).text;
            let program = text.split_whitespace().next().unwrap_or_default().to_owned();
            // The same under another name: `celery -A shop worker` is the worker, whatever somebody calls it.
            let is_known = |(name, it): &(String, Fact<String>)| {
                let known = commands.read(&it.value).text;
                name == process
                    || known == text
                    || known.split_whitespace().next() == Some(&program) && known.contains(process.as_str())
                    || known.split_whitespace().next() == Some(&program) && text == program
            };
            if text != start && !out.iter().any(is_known) {
                out.push((process.clone(), command));
            }
        }
        out
    }

    /// Takes away the variables of backings that the program has no need of: they are for the backing's own container.
    pub(super) fn leave_to_backings(
        &self,
        draft: &Draft<'t>,
        backings: &[found::Backing],
        service: &mut found::Service,
    ) {
        let reads = self.reads(&draft.scope);
        let needed = backings.iter().filter(|it| !it.optional).filter_map(|it| self.known.backings.get(&it.kind.value));
        let patterns: Vec<&String> =
            needed.flat_map(|it| it.variables.iter().chain(it.outputs.values().flatten())).collect();
        let wired: Vec<&String> = service.needs.values().flat_map(|it| it.environment.keys()).collect();
        service.variables.retain(|name, _| {
            wired.contains(&name) || reads.contains_key(name) || !patterns.iter().any(|it| self.tree.fits(it, name))
        });
    }

    /// A process that runs from the same image.
    pub(super) fn process(&self, draft: &Draft<'t>, command: &Fact<String>) -> Fact<Start> {
        let folder = draft.scope.folder.clone();
        let commands = self.commands(&folder, draft.dockerfile.as_ref(), &draft.scripts);
        let mut start = commands.read(&command.value);
        for it in &draft.scope.stack.added {
            if self.tree.fits(&it.to, &start.text) && !self.tree.fits(&it.unless, &start.text) {
                start.text = format!("{} {}", start.text, it.words.join(" "));
                if !start.words.is_empty() {
                    start.words.extend(it.words.iter().cloned());
                }
            }
        }
        command.with(start)
    }
}

/// The scripts with names.
fn scripts(scope: &Scope<'_>) -> Vec<(String, String)> {
    let Some(rule) = &scope.stack.scripts else { return Vec::new() };
    let files = rule.file.iter().flat_map(|it| scope.tree.glob(&scope.folder, it));
    let place = format!("{}.*", rule.at.as_deref().unwrap_or_default());
    files
        .filter_map(|it| scope.tree.value(it))
        .flat_map(|it| {
            let found = at(&it, &place).into_iter();
            found.filter_map(|(name, it)| Some((name, scalar(it)?))).collect::<Vec<_>>()
        })
        .collect()
}

/// A route in a file that asks for health, and is one: `is_route` is asked with its path and the text before that.
fn in_route(
    tree: &Tree<'_>,
    pattern: &Regex,
    file: &str,
    is_route: impl Fn(&str, &str) -> bool,
) -> Option<Fact<String>> {
    let text = tree.text(file)?;
    let mut paths = pattern.captures_iter(&text).filter_map(|it| it.get(1));
    let path = paths.find(|it| is_route(it.as_str(), &text[..it.start()]))?;
    let evidence = Evidence::place(file, Some(line_at(&text, path.start())));
    let value = if path.as_str().starts_with('/') { path.as_str().to_owned() } else { format!("/{}", path.as_str()) };
    Some(Fact::new(value, evidence, Confidence::Medium))
}

/// The port that a command names: behind `--port` and the like, or in an address.
pub(super) fn port_of(command: &str) -> Option<u16> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let flags = r"(?:--port[= ]|-p[= ]?|--bind[= ]\S*?:|-b[= ]\S*?:|--address[= ]\S*?:|--listen[= ]\S*?:|--http[= ]\S*?:|--server\.port=|-l[= ]\S*?:?|:)";
        let number = r#"["']?(?:\$\{[A-Z_]+:-?)?(\d{2,5})\b"#;
        Regex::new(&format!("(?:^|\\s|=){flags}{number}")).expect("a pattern that is tested")
    });
    PATTERN.captures(command)?.get(1)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::port_of;

    #[test]
    fn a_command_names_its_port() {
        for (command, port) in [
            ("uvicorn app:app --port 8001", Some(8001)),
            ("gunicorn -b 0.0.0.0:5000 app:app", Some(5000)),
            ("gunicorn --bind :$PORT main:app", None),
            ("rails server -b 0.0.0.0 -p ${PORT:-3000}", Some(3000)),
            ("java -Dserver.port=9000 -jar app.jar", None),
            ("java -jar app.jar --server.port=9000", Some(9000)),
            ("gunicorn --workers 3 app:app", None),
        ] {
            assert_eq!(port_of(command), port, "{command}");
        }
    }
}
