//! Which commands install dependencies, and how.

use super::shell::Command;

/// A command that installs an application's dependencies.
pub(super) struct Install {
    /// The package manager.
    pub(super) manager: &'static str,
    /// Whether it keeps to a lock file.
    pub(super) locked: bool,
    /// Whether it leaves out what only developers need; also where there is no such thing.
    pub(super) production: bool,
    /// Where it keeps its downloads, if they are worth keeping.
    pub(super) cache: Option<&'static str>,
    /// Whether all that it needs is a list of dependencies, and no sources.
    pub(super) by_list: bool,
}

/// What this command installs, if it does.
pub(super) fn install(command: &Command) -> Option<Install> {
    let verb = command.verb();
    let says = |word: &str| command.args().iter().any(|it| it == word);
    let any = |cache: &'static str, manager: &'static str| Install {
        manager,
        locked: true,
        production: true,
        cache: Some(cache),
        by_list: true,
    };
    Some(match command.program() {
        "npm"
            if matches!(verb, "ci" | "install" | "i" | "add" | "clean-install")
                && !command.has(&["-g", "--global"]) =>
        {
            Install {
                locked: matches!(verb, "ci" | "clean-install"),
                production: command.has(&["--omit", "--production", "--only"]),
                ..any("/root/.npm", "npm")
            }
        }
        "yarn" if matches!(verb, "install" | "add" | "") && !command.has(&["--version", "-v"]) => Install {
            locked: command.has(&["--immutable", "--frozen-lockfile"]),
            production: command.has(&["--production"]),
            ..any("/usr/local/share/.cache/yarn", "yarn")
        },
        "pnpm" if matches!(verb, "install" | "i" | "add" | "fetch") && !command.has(&["-g", "--global"]) => Install {
            locked: command.has(&["--frozen-lockfile"]) || verb == "fetch",
            production: command.has(&["--prod", "-P", "--production"]) || verb == "fetch",
            ..any("/pnpm/store", "pnpm")
        },
        "bun" if matches!(verb, "install" | "i" | "add" | "ci") => Install {
            locked: verb == "ci" || command.has(&["--frozen-lockfile"]),
            production: command.has(&["--production", "-p", "--omit"]),
            ..any("/root/.bun/install/cache", "bun")
        },
        "uv" if verb == "sync" => Install {
            locked: command.has(&["--locked", "--frozen"]),
            production: command.has(&["--no-dev", "--only-group", "--no-default-groups", "--no-group"]),
            by_list: command.has(&["--no-install-project", "--no-install-workspace"]),
            ..any("/root/.cache/uv", "uv")
        },
        "uv" if says("pip") && (says("install") || says("sync")) => pip(command, "/root/.cache/uv", "uv")?,
        program if program.starts_with("pip") && program != "pipenv" && says("install") => {
            pip(command, "/root/.cache/pip", "pip")?
        }
        program if program.starts_with("python") && says("-m") && says("pip") && says("install") => {
            pip(command, "/root/.cache/pip", "pip")?
        }
        "poetry" if verb == "install" => Install {
            production: command.has(&["--only", "--only-root", "--without", "--no-dev"]),
            by_list: command.has(&["--no-root"]),
            ..any("/root/.cache/pypoetry", "poetry")
        },
        "pipenv" if matches!(verb, "install" | "sync") => Install {
            locked: verb == "sync" || command.has(&["--deploy", "--ignore-pipfile"]),
            production: !command.has(&["--dev", "-d"]),
            ..any("/root/.cache/pipenv", "pipenv")
        },
        "composer" if matches!(verb, "install" | "update" | "require") => Install {
            locked: verb == "install",
            production: command.has(&["--no-dev"]),
            ..any("/tmp/cache", "composer")
        },
        "bundle" if matches!(verb, "install" | "update") => {
            Install { locked: verb == "install", cache: None, ..any("", "bundle") }
        }
        "go" if verb == "mod" && says("download") => any("/go/pkg/mod", "go"),
        "cargo" if matches!(verb, "build" | "install") => Install {
            locked: command.has(&["--locked", "--frozen"]),
            by_list: false,
            ..any("/usr/local/cargo/registry", "cargo")
        },
        "mvn" | "mvnw" => Install { by_list: false, ..any("/root/.m2", "mvn") },
        "gradle" | "gradlew" => Install { by_list: false, ..any("/root/.gradle", "gradle") },
        "dotnet" if verb == "restore" => Install { by_list: false, ..any("/root/.nuget/packages", "dotnet") },
        _ => return None,
    })
}

fn pip(command: &Command, cache: &'static str, manager: &'static str) -> Option<Install> {
    let after = command.args().iter().skip_while(|it| *it != "install" && *it != "sync").skip(1);
    let mut named: Vec<&String> = after.filter(|it| !it.starts_with('-')).collect();
    let is_tool = |it: &&String| matches!(it.as_str(), "pip" | "setuptools" | "wheel");
    if !named.is_empty() && named.iter().all(is_tool) {
        return None;
    }
    let is_exact = |it: &&String| it.contains("==") || it.ends_with(".whl") || it.contains('@') || it.contains('$');
    named.retain(|it| !is_exact(it));
    let from_list = command.has(&["-r", "--requirement", "--requirements", "-c", "--constraint", "--require-hashes"]);
    Some(Install {
        manager,
        locked: from_list || named.is_empty() || command.has(&["--no-deps"]),
        production: true,
        cache: Some(cache),
        by_list: from_list,
    })
}

/// Whether this command compiles or bundles.
pub(super) fn builds(command: &Command) -> bool {
    match command.program() {
        "npm" | "yarn" | "pnpm" | "bun" => command.args().iter().any(|it| it == "build"),
        "go" | "cargo" => matches!(command.verb(), "build" | "install"),
        "dotnet" => matches!(command.verb(), "build" | "publish"),
        "make" | "cmake" | "gcc" | "g++" | "javac" => true,
        _ => false,
    }
}

/// The system packages that this command installs.
pub(super) fn packages(command: &Command) -> Vec<&str> {
    let verb = match command.program() {
        "apt-get" | "apt" | "aptitude" | "dnf" | "microdnf" | "yum" | "zypper" => "install",
        "apk" => "add",
        _ => return Vec::new(),
    };
    // Options with a value may stand before it: `apt-get -o Acquire::Retries=3 install gcc`.
    let words = command.args().iter().skip_while(|it| *it != verb).skip(1).filter(|it| !it.starts_with('-'));
    words.map(|it| it.split(['=', '<', '>', '~']).next().unwrap_or(it)).collect()
}
