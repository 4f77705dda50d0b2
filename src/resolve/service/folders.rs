//! The folders of a service: what it writes to, and where its sources are mounted.

use std::sync::Arc;

use minijinja::context;

use super::super::Resolver;
use super::super::backing::Filler;
use super::Built;
use crate::catalog::StackFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Env, ImageRef, Mount, Volume};
use crate::spec::{self, Service};

impl Resolver<'_> {
    /// Volumes of the spec; a `from` has those of its source as well.
    pub(super) fn volumes_of(&mut self, service: &Service, container: &mut Container, facts: &StackFacts, at: &Path) {
        for (path, writable) in &service.writable {
            match writable {
                spec::Writable::Volume(volume) => {
                    if self.spec.backings.contains_key(volume.strip_suffix("-data").unwrap_or("")) {
                        self.error(
                            &codes::NAME_TWICE,
                            Place::Value(at.key("writable").key(path).key("volume")),
                            format!("`{volume}` is the volume of a backing"),
                            "choose another name",
                        );
                    }
                    self.volumes.insert(volume.to_string(), Volume::default());
                    container.mounts.insert(path.to_string(), Mount::Volume(volume.to_string()));
                }
                // It is among the container's tmpfs already.
                spec::Writable::Tmpfs(_) => {}
            }
            let inside = |other: &&spec::AbsolutePath| path.starts_with(&format!("{}/", other.as_str()));
            if let Some(outer) = service.writable.keys().find(inside) {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key("writable").key(path)),
                    format!("`{path}` lies inside of `{outer}`, which is writable already"),
                    "leave it out",
                );
            }
            const SYSTEM: [&str; 10] =
                ["/run/secrets", "/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/lib", "/lib64", "/sbin"];
            let mut system = SYSTEM.into_iter().chain(facts.programs_in.iter().map(String::as_str));
            let of_system = system.any(|it| path.as_str() == it || path.starts_with(&format!("{it}/")));
            let of_program = matches!(container.image, ImageRef::Built(_)) && path.as_str() == facts.workdir;
            if of_program {
                let place = Place::Key(at.key("writable").key(path));
                let help = "name the folder below it that the program writes to";
                self.error(&codes::UNSUPPORTED, place, format!("`{path}` holds the program itself"), help);
            }
            if of_system || ["/run", "/var", "/opt"].contains(&path.as_str()) {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key("writable").key(path)),
                    format!("`{path}` belongs to the system of the image"),
                    "name the folder that the program writes to",
                );
            }
        }
    }

    /// Mounts the sources where the environment wants it.
    pub(super) fn mount_sources(
        &mut self,
        built: &Built<'_>,
        container: &mut Container,
        values: minijinja::Value,
        at: &Path,
    ) {
        let Some((name, true)) = self.environment else { return };
        let facts = Arc::clone(&built.facts);
        let mut filler = Filler { resolver: self, values: values.clone(), at: at.key("build") };
        let sources = match &built.build.sources {
            Some(sources) => sources.clone(),
            None => filler.all(&facts.development.sources),
        };
        filler.values = context! { sources => sources.clone(), ..values };
        for (variable, formula) in &facts.development.environment {
            let text = filler.fill(formula);
            if !text.is_empty() {
                container.environment.entry(variable.clone()).or_insert(Env::Text(text));
            }
        }
        for source in sources.iter().filter(|it| !it.is_empty()) {
            if source == "." && built.context.is_empty() {
                let place = Place::Value(at.dotted("build.context"));
                let help = "write `build: { sources: [folder, …] }`";
                self.warning(
                    &codes::NO_EFFECT,
                    place,
                    format!(
                        "in `{name}` the whole project would be mounted over the image, secrets and all, so nothing is"
                    ),
                    help,
                );
                continue;
            }
            let target = match (&facts.development.target, source.as_str()) {
                (Some(target), _) => target.clone(),
                (None, ".") => facts.workdir.clone(),
                (None, source) => format!("{}/{source}", facts.workdir),
            };
            let below = |it: &String| it.starts_with(&format!("{target}/"));
            if container.tmpfs.keys().chain(container.mounts.keys()).any(below) {
                let place = Place::Key(at.key("writable"));
                let help = "write `build: { sources: [folder, …] }`";
                self.warning(&codes::NO_EFFECT, place, format!("in `{name}` the source is not mounted: a writable folder inside of a read-only mount could not be made"), help);
                continue;
            }
            let parts: Vec<&str> =
                built.context.split('/').chain(source.split('/')).filter(|it| !it.is_empty() && *it != ".").collect();
            container.mounts.insert(target, Mount::Bind(format!("./{}", parts.join("/"))));
        }
    }
}
