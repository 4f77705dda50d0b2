//! Paths of services that are for their operators.

use crate::diagnostic::Path;
use crate::project::Private;
use crate::resolve::Resolver;
use crate::spec;

impl<'a> Resolver<'a> {
    /// The paths of a service that are for its operators: those of its framework, and `/metrics`, unless it says otherwise.
    pub(super) fn private_paths(&self, service: &str) -> Vec<String> {
        if let Some(said) = self.said_private(service).and_then(|(_, it)| it.paths.as_ref()) {
            return said.iter().map(ToString::to_string).collect();
        }
        let known = self.private_facts.get(service).cloned().unwrap_or_default();
        known.into_iter().chain(["/metrics".to_owned()]).collect()
    }

    /// What the spec says is private of a service, and at which one: at itself, or at the one whose image it runs.
    fn said_private(&self, service: &str) -> Option<(&'a str, &'a spec::Private)> {
        let spec = self.spec;
        let (name, own) = spec.services.get_key_value(service)?;
        let of_source = || {
            let (name, source) = spec.services.get_key_value(own.from.as_ref()?)?;
            Some((name.as_str(), source.private.as_ref()?))
        };
        own.private.as_ref().map(|it| (name.as_str(), it)).or_else(of_source)
    }

    /// Who may ask for the private paths of the services that have some.
    pub(super) fn privates(&mut self) -> Vec<Private> {
        let services: Vec<String> = self.edge.private.iter().cloned().collect();
        services
            .into_iter()
            .map(|id| {
                let said = self.said_private(&id);
                let allow = said.and_then(|(_, it)| it.allow.as_deref()).unwrap_or_default();
                let at = Path::of(["services", said.map_or(id.as_str(), |(name, _)| name), "private", "allow"]);
                Private { allow: self.clients(allow, &at), id }
            })
            .collect()
    }
}
