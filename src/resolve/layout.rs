//! Where outputs lie: the names that the spec gives, and the usual ones for the rest.

use std::collections::BTreeMap;

use super::{Resolver, unknown_name};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Layout, PRODUCTION};
use crate::spec;

/// What compose reads beside another file, without being told.
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];

impl Resolver<'_> {
    /// Where files lie in this environment. What is wrong with the layout is told.
    pub(super) fn resolve_layout(&mut self) -> Layout {
        let layout = self.spec.layout.clone();
        let at = Path::of(["layout"]);
        let named = layout.compose.iter().map(|(name, it)| (at.key("compose").key(name).key("file"), it.file.as_str()));
        let others = [
            (at.key("dockerfile"), layout.dockerfile.as_deref()),
            (at.key("nginx"), layout.nginx.as_deref()),
            (at.key("scripts"), layout.scripts.as_deref()),
        ];
        let given: Vec<(Path, &str)> = named.chain(others.into_iter().filter_map(|(at, it)| Some((at, it?)))).collect();
        for (at, path) in given {
            self.check_place(&at, path);
        }
        self.check_compose_files();
        let folder =
            |given: &Option<spec::FolderPath>, usual: &str| given.as_ref().map_or(usual.to_owned(), |it| it.0.clone());
        let (nginx, scripts) = (folder(&layout.nginx, "nginx"), folder(&layout.scripts, "scripts"));
        let is_within = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|it| it.starts_with('/'));
        if is_within(&scripts, &nginx) || is_within(&nginx, &scripts) {
            let key = if layout.nginx.is_some() { "nginx" } else { "scripts" };
            let message =
                format!("`{nginx}` is mounted into the gateway, and scripts in `{scripts}` have nothing to do there");
            self.error(&codes::LAYOUT, Place::Value(at.key(key)), message, "give each a folder of its own");
        }
        Layout {
            compose: self.compose_file(self.environment.map(|(name, _)| name)),
            whole: self.environment.is_some_and(|(name, _)| layout.compose.get(name).is_some_and(|it| it.whole)),
            nginx,
            scripts,
        }
    }

    /// The compose file of an environment; `None` is production.
    fn compose_file(&self, environment: Option<&str>) -> String {
        let given = self.spec.layout.compose.get(environment.unwrap_or(PRODUCTION));
        match (given, environment) {
            (Some(given), _) => given.file.to_string(),
            (None, None) => "compose.yaml".to_owned(),
            (None, Some(name)) => format!("compose.{name}.yaml"),
        }
    }

    /// The Dockerfile of a service, if the layout says where it lies.
    pub(super) fn dockerfile(&self, service: &str) -> Option<String> {
        self.spec.layout.dockerfile.as_ref().map(|it| it.replace("{service}", service))
    }

    /// Refuses places that others own.
    fn check_place(&mut self, at: &Path, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        if let Some(why) = spec::not_ours(path) {
            self.error(&codes::LAYOUT, Place::Value(at.clone()), why, "name another place");
        } else if OVERRIDES.contains(&name.as_str()) {
            let message = format!("compose reads `{name}` without being told, also in production");
            self.error(&codes::LAYOUT, Place::Value(at.clone()), message, "call it otherwise");
        }
    }

    fn check_compose_files(&mut self) {
        let at = Path::of(["layout", "compose"]);
        let known: Vec<&str> =
            std::iter::once(PRODUCTION).chain(self.spec.environments.keys().map(|it| it.as_str())).collect();
        for name in self.spec.layout.compose.keys().filter(|it| !known.contains(&it.as_str())) {
            let message = format!("there is no environment `{name}`");
            let unknown = unknown_name(Place::Key(at.key(name)), message);
            self.told.push(unknown.nearest(name, known.iter().copied()));
        }
        if self.spec.layout.compose.get(PRODUCTION).is_some_and(|it| it.whole) {
            let place = Place::Key(at.key(PRODUCTION).key("whole"));
            self.warning(&codes::NO_EFFECT, place, "production's file is always whole", "leave it out");
        }
        let folder = |file: &str| file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let base = self.compose_file(None);
        let mut seen: BTreeMap<String, &str> = BTreeMap::from([(base.clone(), PRODUCTION)]);
        for name in self.spec.environments.keys().map(|it| it.as_str()) {
            let file = self.compose_file(Some(name));
            let is_whole = self.spec.layout.compose.get(name).is_some_and(|it| it.whole);
            let key = if self.spec.layout.compose.contains_key(name) { name } else { PRODUCTION };
            let place = Place::Value(at.key(key).key("file"));
            if !is_whole && folder(&file) != folder(&base) {
                let message = format!("`{file}` is laid over `{base}`, which lies in another folder");
                let help = "paths in both begin where the first lies: put them into one folder, or write `whole: true`";
                self.error(&codes::LAYOUT, place.clone(), message, help);
            }
            if let Some(other) = seen.insert(file.clone(), name) {
                let message = format!("`{other}` and `{name}` have the same compose file, `{file}`");
                self.error(&codes::NAME_TWICE, place, message, "give each a file of its own");
            }
        }
    }

    /// Refuses images that would have the same Dockerfile.
    pub(super) fn check_dockerfiles(&mut self) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let made = self.images.values().filter(|it| it.companion_of.is_none() && !it.own_dockerfile);
        let twice = made.into_iter().find_map(|it| Some((seen.insert(&it.files.dockerfile, &it.name)?, it)));
        if let Some((other, image)) = twice {
            let message =
                format!("`{other}` and `{}` have the same Dockerfile, `{}`", image.name, image.files.dockerfile);
            let place = Place::Value(Path::of(["layout", "dockerfile"]));
            self.error(&codes::NAME_TWICE, place, message, "put `{service}` into the path");
        }
    }

    /// What of all that forge writes lies in a build context, relative to it, beside what the image itself needs.
    pub(super) fn beside(&self, context: &str) -> Vec<String> {
        let mut all = vec![".forge".to_owned()];
        let environments = self.spec.environments.keys().map(|it| Some(it.as_str()));
        // Whatever is called like compose files belongs to compose, also what people put there.
        all.push("compose*.yaml".to_owned());
        let compose = std::iter::once(None).chain(environments).map(|it| self.compose_file(it));
        all.extend(compose.filter(|it| !(it.starts_with("compose") && it.ends_with(".yaml") && !it.contains('/'))));
        all.extend(["forge-templates", "forge.lock", "forge.yaml"].map(str::to_owned));
        all.extend(self.spec.gateway.is_some().then(|| self.layout.nginx.clone()));
        let reads_files = |it: &Container| it.files.values().any(|it| it.made.is_some());
        all.extend(self.containers.values().any(reads_files).then(|| "backings".to_owned()));
        all.extend([self.layout.script("secrets"), "secrets".to_owned()]);
        let inside = |path: String| match context {
            "" => Some(path),
            _ => path.strip_prefix(context).and_then(|it| it.strip_prefix('/')).map(str::to_owned),
        };
        all.into_iter().filter_map(inside).collect()
    }
}
