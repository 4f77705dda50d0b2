//! Paths of services that are for their operators.

use crate::diagnostic::Path;
use crate::project::Private;
use crate::resolve::Resolver;

impl Resolver<'_> {
    /// The paths of a service that are for its operators: those of its framework, and `/metrics`, unless it says otherwise.
    pub(super) fn private_paths(&self, service: &str) -> Vec<String> {
        let said = self.spec.services.get(service).and_then(|it| it.private.as_ref()).and_then(|it| it.paths.as_ref());
        if let Some(said) = said {
            return said.iter().map(ToString::to_string).collect();
        }
        let known = self.private_facts.get(service).cloned().unwrap_or_default();
        known.into_iter().chain(["/metrics".to_owned()]).collect()
    }

    /// Who may ask for the private paths of the services that have some.
    pub(super) fn privates(&mut self) -> Vec<Private> {
        let services: Vec<String> = self.edge.private.iter().cloned().collect();
        services
            .into_iter()
            .map(|id| {
                let spec = self.spec;
                let private = spec.services.get(id.as_str()).and_then(|it| it.private.as_ref());
                let allow = private.and_then(|it| it.allow.as_deref()).unwrap_or_default();
                let at = Path::of(["services", id.as_str(), "private", "allow"]);
                Private { allow: self.clients(allow, &at), id }
            })
            .collect()
    }
}
