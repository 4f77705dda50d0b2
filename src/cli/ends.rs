//! Versions that get no more security fixes: the one thing about a spec that depends on the day.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::catalog::{Catalog, Entry};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::spec::Spec;

/// The day, as `2026-11-22`. `SOURCE_DATE_EPOCH` says which, where it is set to a number of seconds.
pub(super) fn today() -> String {
    let asked = env::var("SOURCE_DATE_EPOCH").ok().and_then(|it| it.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    day(asked.unwrap_or_else(now))
}

/// What a spec names that has ended before `today`, or has no other version than that.
pub(super) fn ended(spec: &Spec, catalog: &Catalog, today: &str) -> Vec<Diagnostic> {
    let services = spec.services.iter().filter_map(|(name, it)| {
        let build = it.build.as_ref()?;
        let at = Path::of(["services", name, "build"]);
        Some((catalog.stacks.get(&build.stack)?, build.version.as_ref(), at.key("version"), at.key("stack")))
    });
    let backings = spec.backings.iter().filter_map(|(name, it)| {
        let at = Path::of(["backings", name]);
        Some((catalog.backings.get(&it.kind)?, it.version.as_ref(), at.key("version"), at.key("kind")))
    });
    let told = services.chain(backings).filter_map(|(entry, asked, version, kind)| {
        let place = if asked.is_some() { version } else { kind };
        let version = asked.map_or(entry.default_version.as_str(), |it| it.0.as_str());
        told(entry, version, Place::Value(place), today)
    });
    told.chain(in_overlays(spec, catalog, today)).collect()
}

/// The same of versions that environments name for themselves.
fn in_overlays(spec: &Spec, catalog: &Catalog, today: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (environment, it) in &spec.environments {
        let at = Path::of(["environments", environment.as_str(), "overlay"]);
        let version = |group: &str, name: &str, keys: &[&str]| {
            let node = keys.iter().try_fold(it.overlay.get(group)?.get(name)?, |node, key| node.get(key))?;
            let place = keys.iter().fold(at.key(group).key(name), |at, key| at.key(key));
            let text = node.as_str().map_or_else(|| node.to_string(), str::to_owned);
            Some((text, Place::Value(place)))
        };
        for (name, it) in &spec.services {
            let entry = it.build.as_ref().and_then(|it| catalog.stacks.get(&it.stack));
            let asked = version("services", name, &["build", "version"]);
            found.extend(entry.zip(asked).and_then(|(entry, (asked, place))| told(entry, &asked, place, today)));
        }
        for (name, it) in &spec.backings {
            let asked = version("backings", name, &["version"]);
            let entry = catalog.backings.get(&it.kind);
            found.extend(entry.zip(asked).and_then(|(entry, (asked, place))| told(entry, &asked, place, today)));
        }
    }
    found
}

fn told(entry: &Entry, version: &str, place: Place, today: &str) -> Option<Diagnostic> {
    let end = entry.versions.get(version)?.end_of_life.as_deref().filter(|it| *it < today)?;
    let message = format!("{} {version} has had no security fixes since {end}", entry.title);
    let lives = entry.versions.iter().find(|(_, it)| it.end_of_life.as_deref().is_none_or(|end| end >= today));
    let help = match lives {
        Some((newer, it)) => {
            let until = it.end_of_life.as_ref().map(|it| format!(", which gets them until {it}")).unwrap_or_default();
            format!("write `version: \"{newer}\"`{until}")
        }
        None => "use something else, or a newer forge, which may know more".to_owned(),
    };
    Some(Diagnostic::warning(&codes::END_OF_LIFE, place, message).help(help))
}

/// The day of so many seconds since 1970, in the calendar of the catalogue.
/// Howard Hinnant's `civil_from_days`: years begin in March, so that the odd day comes last.
fn day(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_305_599, "2026-11-21"),
            (1_795_305_600, "2026-11-22"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, wanted) in days {
            assert_eq!(day(seconds), wanted);
        }
    }
}
