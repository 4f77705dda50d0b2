//! Whose doing it is that forge wants another text than before: what it made the texts of, then and now.

use serde::{Deserialize, Serialize};

use super::Manifest;

/// What the texts were made of, each as a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// The values of the spec: comments and places of lines make no other text.
    pub spec: String,
    /// The project's own templates, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<String>,
    /// The lock, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
}

/// Something that a difference can be the doing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The spec asks for something else than before.
    Spec,
    /// The project's own templates make something else of it.
    Templates,
    /// The lock names other versions.
    Lock,
    /// Another forge makes something else of the same spec.
    Forge,
    /// Somebody edited the file.
    Edit,
    /// The file is somebody else's, and always was.
    Owner,
}

/// Who made forge want other texts than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movers {
    /// Who it was.
    pub parties: Vec<Party>,
    /// The forge that wrote the files, and this one, where these are two.
    pub versions: Option<(String, String)>,
}

impl Movers {
    /// Who moved since `before` was written, by `now` and the `version` of this forge.
    pub fn since(before: &Manifest, now: &Sources, version: &str) -> Movers {
        let other = !before.forge.is_empty() && before.forge != version;
        let versions = other.then(|| (before.forge.clone(), version.to_owned()));
        let Some(was) = &before.sources else {
            // A manifest that does not tell: the spec is what changes most.
            let forge = versions.as_ref().map(|_| Party::Forge);
            return Movers { parties: [Party::Spec].into_iter().chain(forge).collect(), versions };
        };
        let mut movers = Movers { versions, ..Movers::between(was, now) };
        // The same sources and another text: a forge with other templates, whatever it calls itself.
        if movers.versions.is_some() || movers.parties.is_empty() {
            movers.parties.push(Party::Forge);
        }
        movers
    }

    /// Who moved between two sets of sources that one forge made files of.
    pub fn between(was: &Sources, now: &Sources) -> Movers {
        let moved = [
            (Party::Spec, was.spec != now.spec),
            (Party::Templates, was.templates != now.templates),
            (Party::Lock, was.lock != now.lock),
        ];
        Movers { parties: moved.into_iter().filter(|(_, it)| *it).map(|(party, _)| party).collect(), versions: None }
    }

    /// `the spec moved`, `the spec and forge (0.1.0 → 0.2.0) moved`.
    pub fn words(&self) -> String {
        let name = |party: &Party| match (party, &self.versions) {
            (Party::Spec, _) => "the spec".to_owned(),
            (Party::Templates, _) => "forge-templates/".to_owned(),
            (Party::Lock, _) => "forge.lock".to_owned(),
            (Party::Forge, Some((was, now))) => format!("forge ({was} → {now})"),
            (Party::Forge, None) => "forge".to_owned(),
            (Party::Edit, _) => "an edit".to_owned(),
            (Party::Owner, _) => "its owner".to_owned(),
        };
        let names: Vec<String> = self.parties.iter().map(name).collect();
        match names.as_slice() {
            [] => "the spec moved".to_owned(),
            [one] => format!("{one} moved"),
            [first @ .., last] => format!("{} and {last} moved", first.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(spec: &str, templates: Option<&str>) -> Sources {
        Sources { spec: spec.into(), templates: templates.map(str::to_owned), lock: None }
    }

    #[test]
    fn who_moved_is_told_apart() {
        let manifest =
            |forge: &str, sources: Option<Sources>| Manifest { forge: forge.into(), sources, ..Manifest::default() };
        for (forge, was, now, words) in [
            ("0.2.0", Some(sources("a", None)), sources("b", None), "the spec moved"),
            ("0.1.0", Some(sources("a", None)), sources("a", None), "forge (0.1.0 → 0.2.0) moved"),
            ("0.1.0", Some(sources("a", None)), sources("b", None), "the spec and forge (0.1.0 → 0.2.0) moved"),
            ("0.2.0", Some(sources("a", None)), sources("a", Some("t")), "forge-templates/ moved"),
            (
                "0.1.0",
                Some(sources("a", Some("t"))),
                sources("b", None),
                "the spec, forge-templates/ and forge (0.1.0 → 0.2.0) moved",
            ),
            ("0.2.0", Some(sources("a", None)), sources("a", None), "forge moved"),
            ("0.2.0", None, sources("a", None), "the spec moved"),
            ("0.1.0", None, sources("a", None), "the spec and forge (0.1.0 → 0.2.0) moved"),
        ] {
            assert_eq!(Movers::since(&manifest(forge, was), &now, "0.2.0").words(), words);
        }
        assert_eq!(Movers::since(&Manifest::default(), &sources("a", None), "0.2.0").words(), "the spec moved");
    }
}
