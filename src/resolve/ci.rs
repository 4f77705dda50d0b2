//! Who checks, builds and deploys.

use super::service::Built;
use super::{Resolver, backing::Filler, unknown_name};
use crate::catalog::AuditKind;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Action, Audit, Bot, Ci, Deploy, Forge, Login, PRODUCTION, Reference, Registry, Scan, version_variable,
};
use crate::spec::{self, Cron, Threshold};

/// How many jobs GitHub runs of one matrix.
const MOST_JOBS: usize = 256;

impl Resolver<'_> {
    /// What is asked about a service that is built, and who installs its dependencies: noted while it is resolved, where its facts are at hand.
    pub(super) fn audit(&mut self, name: &str, built: &Built<'_>, values: &minijinja::Value, at: &Path) {
        let Some(ci) = &self.spec.ci else { return };
        let wanted = ci.audit.clone().unwrap_or_default();
        for (tool, facts) in &built.facts.audits {
            let account = match facts.kind {
                AuditKind::Dependencies if wanted.dependencies.unwrap_or(true) => None,
                AuditKind::Code if wanted.code.unwrap_or(true) => None,
                AuditKind::Snyk if wanted.snyk.is_some() => wanted.snyk.as_ref(),
                AuditKind::Safety if wanted.safety.is_some() => wanted.safety.as_ref(),
                _ => continue,
            };
            let mut filler = Filler { resolver: self, values: values.clone(), at: at.key("build") };
            let audit = Audit {
                service: name.to_owned(),
                name: tool.clone(),
                context: built.context.clone(),
                image: Reference::tagged(filler.fill(&facts.image)),
                script: filler.fill(&facts.script).trim().to_owned(),
                token: facts.token.clone().zip(account.map(|it| it.secret.to_string())),
            };
            self.audits.push(audit);
        }
        if let Some(formula) = &built.facts.ecosystem {
            let ecosystem = Filler { resolver: self, values: values.clone(), at: at.key("build") }.fill(formula);
            self.ecosystems.insert(name.to_owned(), ecosystem);
        }
    }

    /// The pipeline, where the spec wants one.
    pub(super) fn resolve_ci(&mut self) -> Option<Ci> {
        let spec = self.spec;
        let deployed = |name: &str| spec.ci.as_ref().is_some_and(|it| it.deploy.contains_key(name));
        for (name, _) in spec.environments.iter().filter(|(name, it)| it.approval.is_some() && !deployed(name)) {
            let place = Place::Key(Path::of(["environments", name, "approval"]));
            let help = format!("write `ci: {{ deploy: {{ {name}: {{ command: … }} }} }}`, or leave it out");
            let message = format!("no job deploys to `{name}`, so nobody is asked to approve");
            self.warning(&codes::UNUSED, place, message, help);
        }
        let ci = spec.ci.as_ref()?;
        let at = Path::of(["ci"]);
        let registry = self.registry(ci, &at);
        let deploys = self.deploys(ci, &at);
        if registry.is_none() && !deploys.is_empty() {
            let help = "write `registry: ghcr.io/acme` at the top of the spec: what is deployed is pulled from there";
            let message = "nothing can be deployed: the spec names no registry, so no images are pushed";
            self.error(&codes::MISSING_KEY, Place::Key(at.key("deploy")), message, help);
        }
        if self.images.len().max(self.audits.len()) > MOST_JOBS && ci.provider == "github" {
            let message = format!("GitHub runs at most {MOST_JOBS} jobs of one kind, and this project has more");
            let help = "leave out audits, or write a provider of your own in forge-templates/ci/";
            self.error(&codes::UNSUPPORTED, Place::Value(at.key("provider")), message, help);
        }
        let bot = self.bot(ci, &at);
        let audit = ci.audit.clone().unwrap_or_default();
        for (kind, account) in [("snyk", &audit.snyk), ("safety", &audit.safety)] {
            if let Some(account) = account {
                self.setting(&account.secret, Place::Value(at.key("audit").key(kind).key("secret")));
            }
        }
        if ci.updates.is_some() && ci.provider != "github" {
            let help =
                "leave it out: `forge lock --renovate` gives a configuration for Renovate, which works everywhere";
            self.error(&codes::UNSUPPORTED, Place::Value(at.key("updates")), "Dependabot is GitHub's", help);
        }
        let provider = self.catalog.providers.get(&ci.provider);
        let schedule = ci.schedule.clone().unwrap_or_default();
        let scan = ci.scan.clone().unwrap_or_default();
        let severity = scan.severity.unwrap_or_default();
        let severities = [
            (Threshold::Low, "LOW"),
            (Threshold::Medium, "MEDIUM"),
            (Threshold::High, "HIGH"),
            (Threshold::Critical, "CRITICAL"),
        ];
        Some(Ci {
            provider: ci.provider.clone(),
            // An unknown provider is a matter of the schema, and was told.
            files: provider.map(|it| it.files.clone()).unwrap_or_default(),
            branch: ci.branch.as_ref().map_or_else(|| "main".to_owned(), ToString::to_string),
            runner: ci.runner.as_ref().map(ToString::to_string),
            registry,
            scan: Scan {
                severities: severities.into_iter().filter(|(it, _)| *it >= severity).map(|(_, it)| it).collect(),
                unfixed: scan.unfixed.unwrap_or(false),
            },
            audits: std::mem::take(&mut self.audits),
            ecosystems: std::mem::take(&mut self.ecosystems),
            sign: ci.sign.unwrap_or(true),
            rebuild: self.cron(schedule.rebuild.as_ref(), "17 3 * * 1", &at.dotted("schedule.rebuild")),
            lock: self.cron(schedule.lock.as_ref(), "17 4 * * 1", &at.dotted("schedule.lock")),
            deploys,
            forge: Forge {
                repository: env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                released: is_released(include_str!("../../CHANGELOG.md"), env!("CARGO_PKG_VERSION")),
                revision: ci.forge.as_ref().map(|it| it.revision.to_string()),
            },
            actions: self
                .catalog
                .actions
                .iter()
                .map(|(name, it)| (name.clone(), Action { version: it.version.clone(), sha: it.sha.clone() }))
                .collect(),
            images: provider
                .into_iter()
                .flat_map(|it| &it.images)
                .filter_map(|it| Some((it.clone(), Reference::tagged(self.catalog.ci_images.get(it)?))))
                .collect(),
            bot,
            updates: ci.updates.map(|it| match it {
                spec::Updates::Dependabot => "dependabot",
            }),
        })
    }

    /// Who proposes newer digests, where the spec says.
    fn bot(&mut self, ci: &spec::Ci, at: &Path) -> Option<Bot> {
        match ci.bot.as_ref()? {
            spec::Bot::App(it) => {
                if ci.provider == "gitlab" {
                    let help = "write `bot: { token: { secret: FORGE_TOKEN } }`: a token of the project that may write";
                    let message = "an app is GitHub's, and jobs have none here";
                    self.error(&codes::UNSUPPORTED, Place::Key(at.dotted("bot.app")), message, help);
                }
                self.setting(&it.client, Place::Value(at.dotted("bot.app.client")));
                self.setting(&it.key, Place::Value(at.dotted("bot.app.key")));
                Some(Bot::App { client: it.client.to_string(), secret: it.key.to_string() })
            }
            spec::Bot::Token(it) => {
                self.setting(&it.secret, Place::Value(at.dotted("bot.token.secret")));
                Some(Bot::Token { secret: it.secret.to_string() })
            }
        }
    }

    /// A secret or a variable, by a name that its provider takes, and that is no other thing to what runs in a job: on GitLab
    /// every variable of the project is one of each job's environment, and on GitHub that of a deploy is.
    fn setting(&mut self, name: &str, place: Place) {
        let provider = self.spec.ci.as_ref().map_or("", |it| it.provider.as_str());
        if provider == "github" && name.starts_with("GITHUB_") {
            let message = format!("GitHub takes no secret and no variable whose name begins with GITHUB_: `{name}`");
            self.error(&codes::RESERVED_NAME, place, message, "call it otherwise");
        } else if means_something_else(name)
            || provider != "github" && name.starts_with("CI_")
            || name == version_variable(&self.prefix())
        {
            let message =
                format!("`{name}` means something else to what runs in a job, which would take this for that");
            self.error(&codes::RESERVED_NAME, place, message, "call it otherwise");
        }
    }

    /// Where images are pushed, and how jobs log in there.
    fn registry(&mut self, ci: &spec::Ci, at: &Path) -> Option<Registry> {
        let at = at.key("login");
        let Some(registry) = &self.spec.registry else {
            if ci.login.is_some() {
                let help = "write `registry: ghcr.io/acme` at the top of the spec, or leave `login` out";
                self.error(&codes::NO_EFFECT, Place::Key(at), "there is no registry to log in to", help);
            }
            return None;
        };
        let first = registry.split('/').next().unwrap_or_default();
        let host = if first.contains(['.', ':']) || first == "localhost" { first } else { "docker.io" }.to_owned();
        let on = |provider: &str| ci.provider == provider;
        let login = match &ci.login {
            Some(spec::Login::Ghcr(_)) => self.own_token("ghcr", Login::Ghcr, on("github"), &at),
            Some(spec::Login::Gitlab(_)) => self.own_token("gitlab", Login::Gitlab, on("gitlab"), &at),
            Some(spec::Login::Ecr(it)) => match host.split('.').collect::<Vec<_>>()[..] {
                [_, "dkr", "ecr", region, "amazonaws", "com"] | [_, "dkr", "ecr", region, "amazonaws", "com", "cn"] => {
                    Login::Ecr { role: it.role.to_string(), region: region.to_owned() }
                }
                _ => return self.other_registry(&host, "<account>.dkr.ecr.<region>.amazonaws.com", &at.key("ecr")),
            },
            Some(spec::Login::Gar(it)) => Login::Gar {
                identity_provider: it.identity_provider.to_string(),
                service_account: it.service_account.to_string(),
            },
            Some(spec::Login::Acr(it)) => match host.split_once('.') {
                Some((name, "azurecr.io")) => Login::Acr {
                    client: it.client.to_string(),
                    tenant: it.tenant.to_string(),
                    subscription: it.subscription.to_string(),
                    name: name.to_owned(),
                },
                _ => return self.other_registry(&host, "<name>.azurecr.io", &at.key("acr")),
            },
            Some(spec::Login::Token(it)) => {
                for (key, name) in [("username", &it.username), ("secret", &it.secret)] {
                    // GitLab gives jobs a login of their own for its registry: `CI_REGISTRY_PASSWORD`.
                    if let Some(name) = name.as_ref().filter(|it| !(on("gitlab") && it.starts_with("CI_"))) {
                        self.setting(name, Place::Value(at.key("token").key(key)));
                    }
                }
                token(it)
            }
            None if host == "ghcr.io" && on("github") => Login::Ghcr,
            None if host == "registry.gitlab.com" && on("gitlab") => Login::Gitlab,
            None => match cloud(&host) {
                Some(example) => {
                    let message = format!("nothing says how jobs log in to {host}");
                    let help = format!("write `login: {example}`");
                    self.error(&codes::MISSING_KEY, Place::Key(Path::of(["ci"])), message, help);
                    return None;
                }
                None => token(&spec::Token { username: None, secret: None }),
            },
        };
        Some(Registry { host, prefix: registry.to_string(), login })
    }

    /// A login with the token that only jobs of one provider have.
    fn own_token(&mut self, name: &str, login: Login, fits: bool, at: &Path) -> Login {
        if !fits && ["github", "gitlab"].contains(&self.spec.ci.as_ref().map_or("", |it| it.provider.as_str())) {
            let message = format!("jobs have no token for `{name}` here");
            let help = "write `login: { token: { username: REGISTRY_USERNAME, secret: REGISTRY_TOKEN } }`";
            self.error(&codes::UNSUPPORTED, Place::Key(at.key(name)), message, help);
        }
        login
    }

    fn other_registry(&mut self, host: &str, wanted: &str, at: &Path) -> Option<Registry> {
        let message = format!("`{host}` is no registry of this kind: those are called `{wanted}`");
        self.error(&codes::INVALID_VALUE, Place::Key(at.clone()), message, "mend `registry`, or log in otherwise");
        None
    }

    /// Where versions go: production after all others.
    fn deploys(&mut self, ci: &spec::Ci, at: &Path) -> Vec<Deploy> {
        let mut deploys = Vec::new();
        for (name, deploy) in &ci.deploy {
            let at = at.key("deploy").key(name);
            let production = name.as_str() == PRODUCTION;
            let environment = self.spec.environments.get(name);
            if !production && environment.is_none() {
                let known = self.spec.environments.keys().map(spec::Name::as_str).chain([PRODUCTION]);
                let message = format!("there is no environment `{name}`");
                self.told.push(unknown_name(Place::Key(at.clone()), message).nearest(name, known));
            }
            if !production && deploy.approval.is_some() {
                let help = format!("write `environments: {{ {name}: {{ approval: true }} }}`");
                let message = "an approval is a matter of the environment itself";
                self.error(&codes::NO_EFFECT, Place::Key(at.key("approval")), message, help);
            }
            let help = "name a secret of the repository under `secrets`: the command finds it in a variable";
            self.check_words(&deploy.command, &at.key("command"), help);
            for (index, secret) in deploy.secrets.iter().enumerate() {
                let place = Place::Value(at.key("secrets").index(index));
                if deploy.secrets[..index].contains(secret) {
                    let message = format!("`{secret}` stands here twice");
                    self.error(&codes::NAME_TWICE, place, message, "leave one of them out");
                } else {
                    self.setting(secret, place);
                }
            }
            let approval = if production {
                deploy.approval.unwrap_or(true)
            } else {
                environment.and_then(|it| it.approval).unwrap_or(false)
            };
            deploys.push(Deploy {
                environment: name.to_string(),
                command: deploy.command.iter().map(|it| it.0.clone()).collect(),
                secrets: deploy.secrets.iter().map(ToString::to_string).collect(),
                runner: deploy.runner.as_ref().map(ToString::to_string),
                approval,
            });
        }
        deploys.sort_by_key(|it| it.environment == PRODUCTION);
        deploys
    }

    /// When something runs; `None` is never.
    fn cron(&mut self, asked: Option<&Cron>, otherwise: &str, at: &Path) -> Option<String> {
        let text = asked.map_or(otherwise, Cron::as_str);
        if text == "never" {
            return None;
        }
        if !is_schedule(text) {
            let message = format!("`{text}` is no time that ever comes");
            let help =
                "write minute (0-59), hour (0-23), day (1-31), month (1-12), day of the week (0-6): `17 3 * * 1`";
            self.error(&codes::INVALID_VALUE, Place::Value(at.clone()), message, help);
        }
        Some(text.to_owned())
    }
}

/// Whether a changelog has the version with a date.
fn is_released(changelog: &str, version: &str) -> bool {
    let heading = format!("## [{version}] - ");
    changelog
        .lines()
        .any(|it| it.strip_prefix(&heading).is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit())))
}

/// Whether shells, loaders, docker, or the machine of a job look for this variable, or the workflows themselves do.
fn means_something_else(name: &str) -> bool {
    const NAMES: &str = "BASHOPTS BASH_ENV CDPATH CI CI_JOB_TOKEN CONTAINERS CONTEXT DOCKERFILE DOCKER_API_VERSION DOCKER_BUILDKIT \
        DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST DOCKER_TLS_CERTDIR DOCKER_TLS_VERIFY ENV EUID \
        FORGE_SCHEDULE FUNCNAME GLOBIGNORE HOME HOSTNAME IFS IMAGE IMAGES LANG LOGNAME NODE_OPTIONS OLDPWD OPTIND \
        PATH PPID PROMPT_COMMAND PS4 PWD PYTHONPATH SERVICE SERVICES SHELL SHELLOPTS TMPDIR UID USER";
    const BEGINNINGS: [&str; 8] = ["ACTIONS_", "BASH_", "BUILDKIT_", "COMPOSE_", "DYLD_", "LC_", "LD_", "RUNNER_"];
    NAMES.split(' ').any(|it| it == name) || BEGINNINGS.iter().any(|it| name.starts_with(it))
}

/// Any registry but those of clouds: a name and a token.
fn token(it: &spec::Token) -> Login {
    let name = |it: &Option<spec::SecretName>, otherwise: &str| {
        it.as_ref().map_or_else(|| otherwise.to_owned(), ToString::to_string)
    };
    Login::Token { username: name(&it.username, "REGISTRY_USERNAME"), secret: name(&it.secret, "REGISTRY_TOKEN") }
}

/// What has to be said to log in to a registry of a cloud.
fn cloud(host: &str) -> Option<&'static str> {
    match host {
        it if it.ends_with(".amazonaws.com") => Some("{ ecr: { role: … } }"),
        it if it.ends_with("-docker.pkg.dev") || it == "gcr.io" || it.ends_with(".gcr.io") => {
            Some("{ gar: { identity_provider: …, service_account: … } }")
        }
        it if it.ends_with(".azurecr.io") => Some("{ acr: { client: …, tenant: …, subscription: … } }"),
        _ => None,
    }
}

/// Whether cron can read it: each field in its range.
fn is_schedule(text: &str) -> bool {
    let ranges = [0..=59, 0..=23, 1..=31, 1..=12, 0..=6];
    let fields: Vec<&str> = text.split(' ').collect();
    fields.len() == ranges.len()
        && fields.iter().zip(ranges).all(|(field, range)| {
            field.split(',').all(|item| {
                let (times, step) = item.split_once('/').map_or((item, None), |(times, step)| (times, Some(step)));
                let number = |it: &str| it.parse::<u8>().ok().filter(|it| range.contains(it));
                let all = times == "*" || {
                    let (from, to) = times.split_once('-').unwrap_or((times, times));
                    number(from).zip(number(to)).is_some_and(|(from, to)| from <= to)
                };
                all && step.is_none_or(|it| it.parse::<u8>().is_ok_and(|it| it > 0 && it <= *range.end()))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::{is_released, is_schedule};

    #[test]
    fn a_release_has_a_date() {
        let changelog = "# Changelog\n\n## [0.2.0] - Unreleased\n\n## [0.1.0] - 2026-12-01\n";
        assert!(
            is_released(changelog, "0.1.0") && !is_released(changelog, "0.2.0") && !is_released(changelog, "0.3.0")
        );
    }

    #[test]
    fn a_schedule_names_times_that_come() {
        for good in ["17 3 * * 1", "*/15 * * * *", "0 0-6/2,12 1,15 * 1-5"] {
            assert!(is_schedule(good), "{good}");
        }
        for bad in [
            "60 3 * * 1",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * * 7",
            "5-3 0 * * *",
            "*/0 * * * *",
            "0 0 * *",
        ] {
            assert!(!is_schedule(bad), "{bad}");
        }
    }
}
