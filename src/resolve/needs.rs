//! What a service calls: networks, order, and the variables in which it learns addresses.

use std::collections::BTreeMap;

use super::backing::Provider;
use super::outputs::{Lack, learn};
use super::{Resolver, shouted, unknown_name};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Env, Origin, Reach, SecretVariable, Wait};
use crate::spec::{EnvName, Need, SecretUse, Service, Text};

/// What one service says of its surroundings, and where it says so: its own, or its source's for a `from`.
pub(super) struct Wiring<'a> {
    pub(super) at: Path,
    pub(super) needs: Vec<(&'a str, Need)>,
    pub(super) environment: &'a BTreeMap<EnvName, Text>,
    pub(super) variables: &'a [EnvName],
    pub(super) secrets: Vec<(&'a str, SecretUse)>,
}

impl<'a> Wiring<'a> {
    /// What `service` says itself, at `at`.
    pub(super) fn of(service: &'a Service, at: &Path) -> Wiring<'a> {
        Wiring {
            at: at.clone(),
            needs: service.needs.iter().into_iter().map(|(name, it)| (name.as_str(), it)).collect(),
            environment: &service.environment,
            variables: &service.variables,
            secrets: service.secrets.iter().into_iter().map(|(name, it)| (name.as_str(), it)).collect(),
        }
    }
}

impl Resolver<'_> {
    /// Puts networks, waits, variables and secrets into `container`; what the entrypoint has to make, into `made`.
    ///
    /// `entrypoint` is why there can be none, if there can be none.
    pub(super) fn wire(
        &mut self,
        wiring: &Wiring<'_>,
        container: &mut Container,
        made: &mut BTreeMap<String, SecretVariable>,
        entrypoint: Result<(), &str>,
    ) {
        for (name, text) in wiring.environment {
            if made.contains_key(name.as_str()) {
                let place = wiring.at.key("environment").key(name);
                self.error(
                    &codes::VARIABLE_TWICE,
                    Place::Key(place),
                    format!("`{name}` is made by the image's entrypoint from a secret, which would go into this value"),
                    "give it another name",
                );
            }
            let origin = Origin::Spec(wiring.at.key("environment").key(name));
            container.environment_origins.insert(name.to_string(), origin);
            container.environment.insert(name.to_string(), Env::Text(text.0.clone()));
        }
        let at = wiring.at.key("variables");
        for (index, name) in wiring.variables.iter().enumerate() {
            let place = at.index(index);
            if !self.spec.variables.contains_key(name) {
                let known = self.spec.variables.keys().map(|it| it.as_str());
                let complaint = unknown_name(Place::Value(place.clone()), format!("no variable `{name}` is declared"));
                let declare = format!("declare it: `variables: {{ {name}: {{ description: … }} }}`");
                self.told.push(complaint.help(declare).nearest_or_keep(name, known));
            }
            self.used_variables.insert(name.to_string());
            self.set(container, name, Env::Variable, &place);
        }
        let at = wiring.at.key("secrets");
        for (name, usage) in &wiring.secrets {
            let place = at.key(name);
            if !self.secrets.contains_key(*name) {
                let known = self.secrets.keys().map(String::as_str);
                let complaint = unknown_name(Place::Value(place.clone()), format!("no secret `{name}` is declared"));
                let declare = format!("declare it: `secrets: {{ {name}: {{ generate: {{}} }} }}`");
                self.told.push(complaint.help(declare).nearest_or_keep(name, known));
            }
            if wiring.environment.contains_key(*name) {
                let place = Place::Key(wiring.at.key("environment").key(name));
                self.error(
                    &codes::SECRET_IN_ENVIRONMENT,
                    place,
                    format!("`{name}` is a secret, and its value would stand here"),
                    "remove it from `environment`; the service finds it in /run/secrets",
                );
            }
            self.used_secrets.insert((*name).to_owned());
            container.secrets.insert((*name).to_owned());
            if let Some(variable) = &usage.environment {
                let place = place.key("environment");
                if let Err(why) = entrypoint {
                    self.error(
                        &codes::NO_ENTRYPOINT,
                        Place::Value(place.clone()),
                        format!("nothing can put `{name}` into a variable here: {why}"),
                        format!("read the file /run/secrets/{name}"),
                    );
                }
                self.make(
                    container,
                    made,
                    variable,
                    SecretVariable { secret: (*name).to_owned(), url: false },
                    None,
                    &place,
                );
            }
        }
        let at = wiring.at.key("needs");
        for (name, need) in &wiring.needs {
            self.wire_need(name, need, &at.key(name), container, made, entrypoint);
        }
    }

    fn wire_need(
        &mut self,
        name: &str,
        need: &Need,
        at: &Path,
        container: &mut Container,
        made: &mut BTreeMap<String, SecretVariable>,
        entrypoint: Result<(), &str>,
    ) {
        let Some(provider) = self.providers.get(name).cloned() else {
            let known = self.spec.services.keys().chain(self.spec.backings.keys());
            let known = known.map(|it| it.as_str()).filter(|it| *it != container.name);
            let complaint = unknown_name(Place::Key(at.clone()), format!("there is no service or backing `{name}`"));
            let declare =
                format!("declare it: `backings: {{ {name}: {{ kind: … }} }}`; `forge stacks` lists the kinds");
            self.told.push(complaint.help(declare).nearest_or_keep(name, known));
            return;
        };
        self.used_providers.insert(name.to_owned());
        let reach = if provider.external { Reach::Out } else { Reach::Internal };
        container.networks.insert(self.network(name, reach));
        if need.wait.unwrap_or(true) {
            self.wait(name, &provider, container);
        }
        let outputs = match &need.role {
            None => &provider.outputs,
            Some(role) => provider.roles.get(role).unwrap_or_else(|| {
                let place = Place::Value(at.key("role"));
                let known = provider.roles.keys().map(String::as_str);
                let complaint = unknown_name(place, format!("`{name}` has no role `{}`", role.escape_debug()));
                self.told.push(complaint.nearest(role, known));
                &provider.outputs
            }),
        };
        for (variable, output) in wanted(name, need, &provider) {
            let place = if need.environment.is_some() { at.key("environment").key(&variable) } else { at.clone() };
            let told = match learn(outputs, &output) {
                Ok(told) => told,
                Err(Lack::Unknown(_)) if outputs.is_empty() => continue,
                Err(Lack::Unknown(output)) => {
                    let known = outputs.keys().map(String::as_str).collect::<Vec<_>>();
                    let complaint = unknown_name(
                        Place::Value(place),
                        format!("`{name}` has no output `{}`", output.escape_debug()),
                    );
                    self.told.push(if provider.is_service && output == "url" {
                        complaint.help(format!("give `{name}` a `port`"))
                    } else {
                        complaint.nearest(&output, known)
                    });
                    continue;
                }
                Err(Lack::Text(why, help)) => {
                    self.error(&codes::INVALID_VALUE, Place::Value(place), why, help);
                    continue;
                }
            };
            if let Some(secret) = told.secret.as_ref().or(told.file_of.as_ref()) {
                container.secrets.insert(secret.clone());
                self.used_secrets.insert(secret.clone());
            }
            match &told.secret {
                Some(secret) => {
                    if let Err(why) = entrypoint {
                        self.error(
                            &codes::NO_ENTRYPOINT,
                            Place::Value(place.clone()),
                            format!("`{output}` of `{name}` has a secret in it, and nothing can put it into a variable here: {why}"),
                            "use `password_file`, `host`, `port`, … and let the program read the file",
                        );
                    }
                    let text = Some(told.text.clone()).filter(|it| !it.is_empty());
                    let variable_of = SecretVariable { secret: secret.clone(), url: text.is_some() };
                    self.make(container, made, &variable, variable_of, text, &place);
                }
                None => self.set(container, &variable, Env::Text(told.text.clone()), &place),
            }
        }
    }

    /// Lets a container wait for what it needs.
    fn wait(&mut self, name: &str, provider: &Provider, container: &mut Container) {
        if !provider.external {
            let front = self.fronts.get(name).cloned().unwrap_or_else(|| name.to_owned());
            container.waits.insert(front, if provider.healthy { Wait::ServiceHealthy } else { Wait::ServiceStarted });
            let jobs = provider.jobs.iter().map(|it| (it.clone(), Wait::ServiceCompletedSuccessfully));
            container.waits.extend(jobs);
        }
        // Compose orders the first start only: after a restart of the host all begin at once. Services do without each
        // other for a while, as they have to at every deploy.
        let place = provider.outputs.get("host").zip(provider.outputs.get("port"));
        if let Some((host, port)) = place.filter(|_| !provider.is_service) {
            let place = format!("{}:{}", host.text, port.text);
            self.waits_for.entry(container.name.clone()).or_default().insert(place);
        }
    }

    /// A variable that the entrypoint makes from a secret and perhaps a text.
    fn make(
        &mut self,
        container: &mut Container,
        made: &mut BTreeMap<String, SecretVariable>,
        variable: &str,
        how: SecretVariable,
        text: Option<String>,
        place: &Path,
    ) {
        match made.get(variable) {
            Some(same) if *same == how => {}
            Some(_) => self.error(
                &codes::VARIABLE_TWICE,
                Place::Key(place.clone()),
                format!(
                    "`{variable}` would be made from two secrets, and one entrypoint serves all that run this image"
                ),
                "give one of them another name",
            ),
            None => {
                made.insert(variable.to_owned(), how);
            }
        }
        if let Some(text) = text {
            self.set(container, variable, Env::Text(text), place);
        } else if container.environment.contains_key(variable) {
            self.twice(variable, place);
        }
    }

    fn set(&mut self, container: &mut Container, variable: &str, value: Env, place: &Path) {
        match container.environment.get(variable) {
            Some(same) if *same == value => {}
            Some(_) => self.twice(variable, place),
            None => {
                container.environment_origins.insert(variable.to_owned(), Origin::Spec(place.clone()));
                container.environment.insert(variable.to_owned(), value);
            }
        }
    }

    fn twice(&mut self, variable: &str, place: &Path) {
        self.error(
            &codes::VARIABLE_TWICE,
            Place::Key(place.clone()),
            format!("`{variable}` is set twice"),
            "keep one of them, or give it another name",
        );
    }
}

/// Which output goes into which variable.
pub(super) fn wanted(name: &str, need: &Need, provider: &Provider) -> Vec<(String, String)> {
    match &need.environment {
        Some(named) => named.iter().map(|(variable, output)| (variable.to_string(), output.clone())).collect(),
        None => {
            let variable = |output: &String| format!("{}_{}", shouted(name), shouted(output));
            provider.short.iter().map(|output| (variable(output), output.clone())).collect()
        }
    }
}
