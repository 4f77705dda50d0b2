//! What hardening rules say about the text of Dockerfiles, compose files, nginx configurations and scripts, whoever
//! wrote them. A rule is a value in a file of its own; a reader per format gives it something to look at.

use std::fmt;
use std::ops::Range;

use crate::diagnostic::Severity;

mod backtracking;
pub(crate) mod compose;
pub(crate) mod dockerfile;
pub(crate) mod dockerignore;
mod install;
pub(crate) mod nginx;
mod script;
pub(crate) mod shell;

use compose::{Compose, Service};
use dockerfile::Dockerfile;
use dockerignore::Dockerignore;
use nginx::Nginx;
use script::Script;

/// One thing that the hardening contract asks of a file.
pub struct Rule {
    /// A kebab-case fact: `read-only-root`, `unpinned-base-image`. Unique among rules and codes.
    pub name: &'static str,
    /// How bad it is where it does not hold.
    pub severity: Severity,
    /// What it says, where a finding has nothing more exact to say.
    pub message: &'static str,
    /// Why, and what to write instead.
    pub help: &'static str,
    /// What an exception to it changes.
    pub lifted: Lifted,
    /// The smallest file that trips it.
    pub bad: &'static str,
    /// The same file as it should be.
    pub good: &'static str,
    check: Check,
}

/// What an exception to a rule changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifted {
    /// The generated output, in these words; `forge lint` is quiet as well.
    Output(&'static str),
    /// Nothing but what `forge lint` says of this service's files.
    Quiet,
}

impl fmt::Display for Lifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lifted::Output(effect) => effect,
            Lifted::Quiet => "quiets forge lint; generated output keeps the rule",
        })
    }
}

/// The kinds of files that rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A Dockerfile.
    Dockerfile,
    /// A `.dockerignore`.
    Dockerignore,
    /// A compose file, with its overlays.
    Compose,
    /// An nginx configuration.
    Nginx,
    /// A shell script.
    Script,
}

impl Format {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Dockerfile => "Dockerfile",
            Format::Dockerignore => ".dockerignore",
            Format::Compose => "compose file",
            Format::Nginx => "nginx configuration",
            Format::Script => "script",
        }
    }
}

/// The function of a rule, by what it looks at.
#[derive(Clone, Copy)]
enum Check {
    Dockerfile(fn(&Dockerfile<'_>, &mut Found<'_>)),
    Dockerignore(fn(&Dockerignore<'_>, &mut Found<'_>)),
    /// A compose file as a whole.
    Compose(fn(&Compose, &mut Found<'_>)),
    /// Each service of a compose file by itself; the findings name it.
    Service(fn(&Service<'_>, &mut Found<'_>)),
    Nginx(fn(&Nginx, &mut Found<'_>)),
    Script(fn(&Script<'_>, &mut Found<'_>)),
}

impl Rule {
    /// Whether it asks for what a forge.lock holds, and so is only for projects that have one.
    pub fn wants_lock(&self) -> bool {
        [base_image_digest::RULE.name, image_digest::RULE.name].contains(&self.name)
    }

    /// What kind of file it is about.
    pub fn format(&self) -> Format {
        match self.check {
            Check::Dockerfile(_) => Format::Dockerfile,
            Check::Dockerignore(_) => Format::Dockerignore,
            Check::Compose(_) | Check::Service(_) => Format::Compose,
            Check::Nginx(_) => Format::Nginx,
            Check::Script(_) => Format::Script,
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.name)
    }
}

/// A file to look at.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// What findings call it; includes of nginx go by it.
    pub path: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// What is looked at together.
#[derive(Debug, Clone)]
pub enum Source<'a> {
    /// One Dockerfile.
    Dockerfile(File<'a>),
    /// One `.dockerignore`.
    Dockerignore(File<'a>),
    /// A compose file and what is laid over it, merged in this order as `docker compose -f … -f …` does.
    Compose(Vec<File<'a>>),
    /// All files of a configuration folder. Where one is called `nginx.conf`, it and what it includes are looked at;
    /// otherwise every file that no other includes.
    Nginx(Vec<File<'a>>),
    /// One shell script.
    Script(File<'a>),
}

/// Something that a rule says about a file.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// The path of the file, as it was given.
    pub file: String,
    /// The bytes in it that it is about.
    pub bytes: Range<usize>,
    /// The compose service that it is about, or the volume.
    pub subject: Option<String>,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
}

/// Everything that the rules have to say about `source`: by file, then by place. Takes any text; a file that cannot be
/// read is a finding as well.
pub fn run(source: &Source<'_>) -> Vec<Finding> {
    let files = match source {
        Source::Dockerfile(file) | Source::Dockerignore(file) | Source::Script(file) => Files::new(&[*file]),
        Source::Compose(files) | Source::Nginx(files) => Files::new(files),
    };
    let mut findings = Vec::new();
    let mut each = |subject: Option<&str>, look: &dyn Fn(Check, &mut Found<'_>)| {
        for rule in RULES {
            look(rule.check, &mut Found { rule, files: &files, subject, findings: &mut findings });
        }
    };
    match source {
        Source::Dockerfile(file) => {
            let dockerfile = dockerfile::read(file.text);
            each(None, &|check, found| {
                if let Check::Dockerfile(check) = check {
                    check(&dockerfile, found);
                }
            });
        }
        Source::Dockerignore(file) => {
            let dockerignore = dockerignore::read(file.text);
            each(None, &|check, found| {
                if let Check::Dockerignore(check) = check {
                    check(&dockerignore, found);
                }
            });
        }
        Source::Compose(_) => {
            let compose = compose::read(&files);
            each(None, &|check, found| {
                if let Check::Compose(check) = check {
                    check(&compose, found);
                }
            });
            for service in compose.services() {
                each(Some(service.name), &|check, found| {
                    if let Check::Service(check) = check {
                        check(&service, found);
                    }
                });
            }
        }
        Source::Nginx(_) => {
            let nginx = nginx::read(&files);
            each(None, &|check, found| {
                if let Check::Nginx(check) = check {
                    check(&nginx, found);
                }
            });
        }
        Source::Script(file) => {
            let script = script::read(file.text);
            each(None, &|check, found| {
                if let Check::Script(check) = check {
                    check(&script, found);
                }
            });
        }
    }
    in_order(findings, &files)
}

/// By file and place, each thing once: a file that two servers include is looked at in both.
fn in_order(mut findings: Vec<(usize, Finding)>, files: &Files<'_>) -> Vec<Finding> {
    findings.sort_by_key(|(start, _)| *start);
    let mut seen = std::collections::HashSet::new();
    findings.retain(|(start, it)| seen.insert((*start, it.rule.name, it.subject.clone())));
    debug_assert!(findings.iter().all(|(start, _)| *start <= files.end()));
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// Where a check puts what it finds.
struct Found<'f> {
    rule: &'static Rule,
    files: &'f Files<'f>,
    subject: Option<&'f str>,
    findings: &'f mut Vec<(usize, Finding)>,
}

impl Found<'_> {
    /// The same, about something that is called so.
    fn of<'s>(&'s mut self, subject: &'s str) -> Found<'s> {
        Found { rule: self.rule, files: self.files, subject: Some(subject), findings: self.findings }
    }

    /// Says the rule's own message about these bytes.
    fn at(&mut self, bytes: &Range<usize>) {
        self.say(bytes, self.rule.message);
    }

    /// Says `message` about these bytes.
    fn say(&mut self, bytes: &Range<usize>, message: impl Into<String>) {
        let (file, local) = self.files.locate(bytes);
        let finding = Finding {
            rule: self.rule,
            file: file.to_owned(),
            bytes: local,
            subject: self.subject.map(str::to_owned),
            message: message.into(),
        };
        self.findings.push((bytes.start, finding));
    }
}

/// Several files in one space of bytes: each begins where the one before it ends, so that a range is enough to say
/// which file it is in.
struct Files<'a> {
    files: Vec<(usize, File<'a>)>,
}

impl<'a> Files<'a> {
    fn new(files: &[File<'a>]) -> Files<'a> {
        let mut start = 0;
        let place = |file: &File<'a>| {
            let placed = (start, *file);
            // One more, so that the end of a file is not the start of the next.
            start += file.text.len() + 1;
            placed
        };
        Files { files: files.iter().map(place).collect() }
    }

    /// Each file with the byte at which it begins.
    fn iter(&self) -> impl Iterator<Item = (usize, File<'a>)> {
        self.files.iter().copied()
    }

    fn end(&self) -> usize {
        self.files.last().map_or(0, |(start, file)| start + file.text.len())
    }

    /// The path of the file that `bytes` are in, and where in it.
    fn locate(&self, bytes: &Range<usize>) -> (&'a str, Range<usize>) {
        let index = self.files.partition_point(|(start, _)| *start <= bytes.start);
        let Some((start, file)) = index.checked_sub(1).and_then(|it| self.files.get(it)) else { return ("", 0..0) };
        let within = |it: usize| {
            let mut at = (it.max(*start) - start).min(file.text.len());
            while !file.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        (file.path, within(bytes.start)..within(bytes.end.max(bytes.start)))
    }
}

/// Declares the rules' modules and the list of them.
macro_rules! rules {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// All rules: Dockerfiles, `.dockerignore`, compose files, nginx, scripts.
        pub static RULES: &[&Rule] = &[$(&$module::RULE),*];
    };
}

rules! {
    unreadable_dockerfile
    missing_build_checks
    unpinned_base_image
    base_image_digest
    single_stage_build
    toolchain_in_last_stage
    unlocked_install
    missing_cache_mount
    copy_before_install
    development_dependencies
    root_user
    named_user
    app_code_writable
    secret_in_env_or_arg
    copied_secret
    add_instead_of_copy
    relative_workdir
    shell_form_command
    package_manager_as_pid_1
    missing_healthcheck
    probe_on_localhost
    probe_cannot_fail
    missing_labels
    remote_script_to_shell
    run_pipe_failure
    apt_update_alone
    apt_installs_recommends
    apt_lists_left
    sudo
    tls_verification_off
    unsigned_packages
    vcs_in_context
    env_files_in_context
    keys_in_context
    dependencies_in_context
    build_files_in_context
    unreadable_compose
    version_key
    project_name
    variable_without_default
    unquoted_restart
    internal_network
    image_tag
    image_digest
    container_user
    container_root_user
    read_only_root
    no_new_privileges
    drop_capabilities
    added_capability
    privileged
    unconfined
    host_namespace
    host_device
    docker_socket
    sensitive_mount
    host_volume
    mount_propagation
    create_host_path
    unnamed_volume
    undefined_reference
    memory_limit
    cpu_limit
    pids_limit
    reservations
    reservation_above_limit
    conflicting_limits
    tmpfs_options
    tmpfs_above_memory
    rotating_logs
    healthcheck
    healthcheck_on_localhost
    healthcheck_cannot_fail
    depends_on_health
    published_data_store
    published_port
    default_network
    literal_credential
    secret_file
    restart_policy
    init
    stop_grace_period
    container_name
    unreadable_nginx
    tls_protocols
    tls_ciphers
    tls_curves
    tls_session_tickets
    http2_directive
    ocsp_stapling
    x_xss_protection
    unknown_host
    security_headers
    rate_limit
    connection_limit
    limit_status_429
    health_limit
    status_page
    upstream_resolve
    upstream_keepalive
    real_ip
    forwarded_for
    host_header
    proxy_headers
    client_chosen_upstream
    request_uri
    alias_traversal
    runaway_regex
    timeouts
    body_size
    buffer_sizes
    dotfiles
    server_tokens
    set_eu
    posix_shebang
    bashism
    hidden_pipe_failure
    dump_in_place
    not_repeatable
    crlf
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::codes::CODES;

    fn tripped(format: Format, text: &str) -> Vec<Finding> {
        let file = |path| File { path, text };
        run(&match format {
            Format::Dockerfile => Source::Dockerfile(file("Dockerfile")),
            Format::Dockerignore => Source::Dockerignore(file(".dockerignore")),
            Format::Compose => Source::Compose(vec![file("compose.yaml")]),
            Format::Nginx => Source::Nginx(vec![file("nginx.conf")]),
            Format::Script => Source::Script(file("run")),
        })
    }

    #[test]
    fn each_rule_is_tripped_by_its_bad_example_and_not_by_its_good_one() {
        for rule in RULES {
            let names = |text| tripped(rule.format(), text).iter().map(|it| it.rule.name).collect::<HashSet<_>>();
            let (bad, good) = (names(rule.bad), names(rule.good));
            assert!(bad.contains(rule.name), "the bad example of {} does not trip it", rule.name);
            assert!(!good.contains(rule.name), "the good example of {} trips it", rule.name);
            let worse: Vec<_> = good.difference(&bad).collect();
            assert!(worse.is_empty(), "mending {} as its good example does trips {worse:?}", rule.name);
        }
    }

    #[test]
    fn names_are_unique_kebab_case_facts() {
        let mut seen: HashSet<&str> = CODES.iter().map(|it| it.name).collect();
        for rule in RULES {
            assert!(seen.insert(rule.name), "{} has two meanings", rule.name);
            assert!(rule.name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-'));
        }
    }

    #[test]
    fn words_are_written_as_the_house_writes_them() {
        // `OCSP` may stand first, `Write` may not.
        let is_sentence =
            |it: &str| it.starts_with(char::is_uppercase) && it.chars().nth(1).is_some_and(char::is_lowercase);
        for rule in RULES {
            for text in [rule.message, rule.help] {
                assert!(!text.is_empty() && !text.ends_with('.') && !is_sentence(text), "{}", rule.name);
            }
            assert!(rule.bad.ends_with('\n') && rule.good.ends_with('\n'), "{}", rule.name);
        }
    }

    #[test]
    fn exceptions_that_the_generator_honours_have_the_names_that_it_knows() {
        let honoured = RULES.iter().filter(|it| matches!(it.lifted, Lifted::Output(_))).map(|it| it.name);
        let known = ["no-new-privileges", "drop-capabilities", "read-only-root", "pids-limit", "healthcheck", "init"];
        assert_eq!(honoured.collect::<HashSet<_>>(), known.into_iter().collect());
    }

    #[test]
    fn a_finding_in_an_overlay_names_the_overlay() {
        let base = File { path: "compose.yaml", text: "name: shop\nservices:\n  api: { image: \"api:1\" }\n" };
        let over = File { path: "compose.dev.yaml", text: "services:\n  api:\n    privileged: true\n" };
        let findings = run(&Source::Compose(vec![base, over]));
        let privileged = findings.iter().find(|it| it.rule.name == "privileged").expect("it is there");
        assert_eq!((privileged.file.as_str(), privileged.subject.as_deref()), ("compose.dev.yaml", Some("api")));
        assert_eq!(&over.text[privileged.bytes.clone()], "true");
    }

    #[test]
    fn no_files_have_no_findings() {
        assert!(run(&Source::Compose(Vec::new())).is_empty());
        assert!(run(&Source::Nginx(Vec::new())).is_empty());
    }
}
