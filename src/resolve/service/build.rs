//! What an image is built with: constants, secrets, audits, packages.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Resolver, backing::Filler, unknown_name};
use super::Built;
use crate::catalog::System;
use crate::codes;
use crate::credential::is_secret;
use crate::diagnostic::{Path, Place};
use crate::project::{BuildAudit, Reference, Variable};
use crate::resolve::variables::variable;
use crate::spec::{Build, Service};

impl Resolver<'_> {
    /// Secrets that are there while it is built: each is one of the spec's.
    pub(super) fn build_secrets(&mut self, build: &Build, at: &Path) -> BTreeSet<String> {
        let at = at.dotted("build.secrets");
        for (index, name) in build.secrets.iter().enumerate() {
            let place = at.index(index);
            self.use_secret(name, &place);
            if build.args.contains_key(name.as_str()) {
                self.error(
                    &codes::VARIABLE_TWICE,
                    Place::Value(place),
                    format!("`{name}` is one of `args`, too, which stand in the image"),
                    "keep one of them",
                );
            }
        }
        build.secrets.iter().map(ToString::to_string).collect()
    }

    /// Constants that are there while it is built: each has to fit on a line.
    pub(super) fn build_args(&mut self, build: &Build, at: &Path) -> BTreeMap<String, String> {
        for (name, text) in &build.args {
            if ["VERSION", "REVISION", "SOURCE", "PATH", "LD_PRELOAD"].contains(&name.as_str()) {
                let place = Place::Key(at.dotted("build.args").key(name));
                let message = format!("`{name}` is told to builds by forge, or by the system");
                self.error(&codes::RESERVED_NAME, place, message, "choose another name");
            }
            if let Some(odd) = text.0.chars().find(|it| it.is_control()) {
                let place = Place::Value(at.dotted("build.args").key(name));
                let message = format!("no line of a Dockerfile can hold `{}`", odd.escape_debug());
                self.error(
                    &codes::INVALID_VALUE,
                    place,
                    message,
                    "write it on one line, or let the program read a file",
                );
            }
        }
        build.args.iter().map(|(name, it)| (name.to_string(), it.0.clone())).collect()
    }

    /// Audits that have to pass before there is an image. The images that they run in are added to `images`.
    pub(super) fn build_audits(
        &mut self,
        built: &Built<'_>,
        values: &minijinja::Value,
        images: &mut BTreeMap<String, Reference>,
        at: &Path,
    ) -> Vec<BuildAudit> {
        let at = at.dotted("build.audit");
        let mut audits: Vec<BuildAudit> = Vec::new();
        for (index, name) in built.build.audit.iter().enumerate() {
            let place = at.index(index);
            let Some(facts) = built.facts.audits.get(name) else {
                let message =
                    format!("the stack `{}` knows nobody called `{}` to ask", built.build.stack, name.escape_debug());
                let known = built.facts.audits.keys().map(String::as_str);
                let complaint = unknown_name(Place::Value(place), message);
                self.told.push(if built.facts.audits.is_empty() {
                    complaint.help("leave `audit` out")
                } else {
                    complaint.nearest(name, known)
                });
                continue;
            };
            if audits.iter().any(|it| it.name == *name) {
                let message = format!("`{name}` stands here twice");
                self.error(&codes::NAME_TWICE, Place::Value(place), message, "leave one of them out");
                continue;
            }
            if let Some(token) = &facts.token {
                self.use_secret(token, &place);
            }
            let mut filler = Filler { resolver: self, values: values.clone(), at: place };
            let image = format!("audit-{name}");
            images.insert(image.clone(), Reference::tagged(filler.fill(&facts.image)));
            let script = filler.fill(&facts.script).trim().to_owned();
            let (cache, token) = (facts.cache.clone(), facts.token.clone());
            audits.push(BuildAudit { name: name.clone(), image, script, cache, token });
        }
        audits
    }

    /// A secret of the spec that something reads at `place`.
    fn use_secret(&mut self, name: &str, place: &Path) {
        if !self.secrets.contains_key(name) {
            let known = self.secrets.keys().map(String::as_str);
            let complaint = unknown_name(Place::Value(place.clone()), format!("no secret `{name}` is declared"));
            let declare = format!("declare it: `secrets: {{ {name}: {{ supplied: \"where to get it\" }} }}`");
            self.told.push(complaint.help(declare).nearest_or_keep(name, known));
        }
        self.insist_on_file(name, Place::Value(place.clone()));
        self.used_secrets.insert(name.to_owned());
    }

    /// The operator's variables that a service reads.
    pub(super) fn variables_of(&self, service: &Service) -> BTreeMap<String, Variable> {
        let declared = service.variables.iter().filter_map(|name| Some((name, self.spec.variables.get(name)?)));
        declared.map(|(name, it)| (name.to_string(), variable(it))).collect()
    }

    /// What the system of the image cannot do, and variables that the program cannot do without.
    pub(super) fn check_system(&mut self, service: &Service, built: &Built<'_>, at: &Path) {
        let build = built.build;
        let sets = [
            ("run", &build.packages.run, built.facts.system),
            ("build", &build.packages.build, built.facts.build_system),
        ];
        for (key, packages, system) in sets {
            let (message, help) = match system {
                _ if packages.is_empty() => continue,
                _ if built.facts.dockerfile.is_some() => {
                    ("the Dockerfile is your own, so nothing installs these packages", "install them there")
                }
                System::Distroless if built.entry.options.contains_key("variant") => (
                    "nothing installs packages in a distroless image",
                    "write `options: { variant: slim }`, or leave them out",
                ),
                System::Distroless => ("nothing installs packages in a distroless image", "leave them out"),
                System::Debian | System::Alpine => continue,
            };
            self.error(&codes::UNSUPPORTED, Place::Key(at.dotted("build.packages").key(key)), message, help);
        }
        for (name, what) in &built.facts.variables {
            let by_secret = |(secret, it): &(&crate::spec::SecretName, crate::spec::SecretUse)| {
                it.environment.as_ref().is_some_and(|it| it.as_str() == name) || secret.as_str() == name
            };
            let by_need = |need: &crate::spec::Need| {
                need.environment.as_ref().is_some_and(|it| it.keys().any(|it| it.as_str() == name))
            };
            let is_set = service.environment.contains_key(name.as_str())
                || service.variables.iter().any(|it| it.as_str() == name)
                || service.secrets.iter().iter().any(by_secret)
                || service.needs.iter().iter().any(|(_, it)| by_need(it));
            if !is_set {
                let help = if is_secret(name) {
                    format!("declare a secret, and write `secrets: {{ {name}: {{ environment: {name} }} }}`")
                } else {
                    format!("write `environment: {{ {name}: … }}`, or list it under `variables`")
                };
                let message = format!("nothing sets `{name}`: {what}");
                self.warning(&codes::MISSING_VARIABLE, Place::Key(at.clone()), message, help);
            }
        }
    }
}
