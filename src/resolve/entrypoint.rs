//! What runs before the command of an image: whether there is anything for it to do, and what it insists on.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::service::Built;
use super::variables::variable;
use crate::project::{Checked, Container, Entrypoint, Env, Image, ImageRef, Resolved};
use crate::spec::{self, EnvName, VariableType};
use crate::values::wanted;

/// The entrypoint for a shell, which all stacks share.
const SHELL: &str = "docker-entrypoint.sh";

impl Built<'_> {
    /// Whether an entrypoint can run in the image, or why not.
    pub(super) fn has_entrypoint(&self) -> Result<(), &'static str> {
        if self.facts.dockerfile.is_some() {
            return Err("the Dockerfile is your own, and so is its entrypoint");
        }
        if self.facts.shell || self.facts.entrypoint.is_some() {
            Ok(())
        } else {
            Err("the image of this stack has no shell for an entrypoint")
        }
    }

    /// The entrypoint that the image can have, with `connect` to wait with. `templates` knows which there are.
    pub(super) fn entrypoint(&self, connect: Vec<String>, is_template: impl Fn(&str) -> bool) -> Option<Entrypoint> {
        self.has_entrypoint().ok()?;
        let (template, command, compiled) = match &self.facts.entrypoint {
            Some(own) => (own.template.clone(), own.command.clone(), own.compiled),
            None => (format!("{SHELL}.j2"), vec![format!("/usr/local/bin/{SHELL}")], false),
        };
        let own = format!("stacks/{}/{template}", self.build.stack);
        Some(Entrypoint {
            file: template.trim_end_matches(".j2").to_owned(),
            command,
            compiled,
            template: if is_template(&own) { own } else { format!("partials/{template}") },
            connect,
        })
    }
}

impl Resolver<'_> {
    /// Tells a container what it has to wait for, where its image has somebody who waits.
    pub(super) fn wait_for(&self, container: &mut Container, image: Option<&Entrypoint>) {
        let Some(places) = self.waits_for.get(&container.name) else { return };
        if image.is_some_and(|it| it.file != SHELL || !it.connect.is_empty()) {
            let places = places.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            container.environment.entry("WAIT_FOR".to_owned()).or_insert(Env::Text(places));
        }
    }

    /// Settles what entrypoints insist on: what all containers have that run the image. Those that have nothing to do are
    /// left out.
    pub(super) fn settle_entrypoints(&mut self) {
        let mut runs: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
        for container in self.containers.values() {
            if let ImageRef::Built(image) = &container.image {
                runs.entry(image).or_default().push(container);
            }
        }
        for image in self.images.values_mut().filter(|it| it.entrypoint.is_some()) {
            let containers = runs.remove(image.name.as_str()).unwrap_or_default();
            image.required = in_all(&containers, |it| {
                let is_required = |name: &str| self.spec.variables.get(name).is_some_and(|it| it.required);
                let variables =
                    it.environment.iter().filter(|(name, value)| **value == Env::Variable && is_required(name));
                variables.map(|(name, _)| name.clone()).collect()
            });
            image.checked = checked(&containers, &self.spec.variables);
            image.secrets =
                in_all(&containers, |it| it.secrets.iter().chain(it.borrowed_secrets.keys()).cloned().collect());
            let waits = containers.iter().any(|it| it.environment.contains_key("WAIT_FOR"));
            if !(waits || self.always_enters.contains(&image.name) || has_work(image)) {
                image.entrypoint = None;
            }
        }
    }
}

/// Whether an entrypoint has something to do beside waiting.
fn has_work(image: &Image) -> bool {
    let insists = !(image.required.is_empty() && image.secrets.is_empty());
    insists || !image.secret_variables.is_empty() || !image.checked.is_empty()
}

/// What the variables of `.env` have to be that containers of one image read. What any of them has as a constant is not looked at.
fn checked(containers: &[&Container], declared: &BTreeMap<EnvName, spec::Variable>) -> BTreeMap<String, Checked> {
    let all = |name: &str| containers.iter().all(|it| it.environment.get(name).is_none_or(|it| *it == Env::Variable));
    let names = containers.iter().flat_map(|it| it.environment.keys()).filter(|it| all(it));
    let found = names.filter_map(|name| {
        let variable = variable(declared.get(name.as_str())?);
        let values = match variable.kind {
            VariableType::String => return None,
            VariableType::Boolean => vec!["true".to_owned(), "false".to_owned()],
            _ => variable.values.clone(),
        };
        let (kind, min, max) = (variable.kind, variable.min, variable.max);
        Some((name.clone(), Checked { kind, values, min, max, wanted: wanted(&variable) }))
    });
    found.collect()
}

/// What is in all of them.
fn in_all(containers: &[&Container], of: impl Fn(&Container) -> BTreeSet<String>) -> BTreeSet<String> {
    let sets = containers.iter().map(|it| of(it));
    sets.reduce(|all, it| &all & &it).unwrap_or_default()
}

/// All environments run the same images: an entrypoint insists on nothing that one of them lacks.
pub(super) fn insist_on_what_all_have(resolved: &mut Resolved) {
    for environment in resolved.environments.values() {
        for (name, image) in &mut resolved.base.images {
            let Some(there) = environment.images.get(name) else { continue };
            image.required.retain(|it| there.required.contains(it));
            image.secrets.retain(|it| there.secrets.contains(it));
            image.checked.retain(|name, it| there.checked.get(name) == Some(it));
        }
    }
}
