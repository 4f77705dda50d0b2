//! Every kind of diagnostic that is about forge.yaml or the project around it, with what `forge explain` says of it.

use crate::diagnostic::Code;

/// Declares the codes and the list of them all.
macro_rules! codes {
    ($($name:ident = $code:literal, $explanation:literal;)*) => {
        $(#[doc = $explanation] pub static $name: Code = Code { name: $code, explanation: $explanation };)*
        /// All codes, in the order in which a spec meets them.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    YAML = "yaml",
        "The file is no YAML document: a syntax error, a key that stands twice, two documents, or nesting and aliases beyond what a spec needs. Mend the place that is shown.";
    UNKNOWN_KEY = "unknown-key",
        "The spec has no such key at this place. Keys are never ignored: a misspelt one would silently leave a default in force. `forge schema` has them all, and an editor completes them with the first line `# yaml-language-server: $schema=.forge/schema.json`.";
    MISSING_KEY = "missing-key",
        "A key that has no default is not there. Write it.";
    UNKNOWN_CHOICE = "unknown-choice",
        "Only some words can stand here, and this is none of them.";
    WRONG_TYPE = "wrong-type",
        "Another kind of value belongs here: text, a number, true or false, a list or a map. Text that looks like a number or a boolean needs quotes: `version: \"3.10\"`.";
    INVALID_VALUE = "invalid-value",
        "The value has the right kind and cannot be used: it is out of range, or has characters that could change the meaning of a file that it lands in.";
    ONE_OF = "one-of",
        "These keys say different things about the same matter, so exactly one of them can stand here.";
    UNKNOWN_NAME = "unknown-name",
        "Something is named here that the spec does not declare: a service, a backing, a secret, a variable, a host, a class of requests, or an output. Declare it, or use a name that is there.";
    UNKNOWN_VERSION = "unknown-version",
        "forge has not been tried with this version. `forge stacks <name>` lists those that it has, with the dates at which they end.";
    END_OF_LIFE = "end-of-life",
        "This version gets no more security fixes, by the day that the catalogue has for it (`forge stacks <name>`) and the clock of this machine (or `SOURCE_DATE_EPOCH`). It still works; choose a newer one before somebody finds a hole in it.";
    UNPROVEN = "unproven",
        "The catalogue knows this version, and forge's own tests never built and booted it on an engine. It may well work; try it before you rely on it, or use a version that `forge stacks <name>` does not call unproven.";
    DEVELOPMENT_ONLY = "development-only",
        "A kind of backing that is for developers runs in production: it shows to everybody what is nobody's business there, or keeps nothing. Move it to the overlay of an environment.";
    MIGRATION_ORDER = "migration-order",
        "Two services migrate one database, and nothing says whose migrations come first: run at the same time they would lock or break each other. Write `migrate: { after: [other] }` at the one that comes second.";
    RESERVED_NAME = "reserved-name",
        "forge or compose use this name: `gateway`, names that begin with `x-`, names that end in `-migrate`, `-egress` or `-loopback`, and the environments `production`, `override`, `observability`, `hosts` and `routes`; and variables that begin with `COMPOSE_`, `DOCKER_` or `BUILDKIT_`, which would change compose itself from `.env`.";
    NAME_TWICE = "name-twice",
        "Two things have one name where names have to differ: services and backings share one namespace.";
    FROM_FROM = "from-of-from",
        "A `from` names a service that is itself a `from`. Name the service that is built.";
    NEEDS_CYCLE = "needs-cycle",
        "Services wait for each other in a circle, so none could ever start. Let one of them not wait: `needs: { api: { wait: false } }`.";
    NO_PORT = "no-port",
        "A route or a need leads to a service that listens on no port. Give it `port:`.";
    PORT_TWICE = "port-twice",
        "The same port is used twice in one place, so the second could never listen.";
    ROUTE_TWICE = "route-twice",
        "Two routes have the same host and path, or two hosts the same domain: only one of them would ever answer.";
    NO_COMMAND = "no-command",
        "The stack does not know how this program is started. Write `command:`, one word an item.";
    NO_HEALTHCHECK = "no-healthcheck",
        "Nothing says how this service shows that it is well. Without a port there is nothing to connect to: let the program touch a file (`healthcheck: { file: { path: /tmp/alive, max_age: 60s } }`), name a command, or lift the rule `healthcheck` with a reason.";
    MEMORY_TOO_SMALL = "memory-too-small",
        "With so little memory the program cannot start, or its tmpfs when full would get it killed: what lies in a tmpfs counts as memory of the container.";
    ABOVE_LIMIT = "above-limit",
        "More is reserved than may be used. The engine refuses that.";
    SECRET_IN_ENVIRONMENT = "secret-in-environment",
        "A secret has the name of an environment variable with a value in the spec, or two sources set the same variable. Values in the spec end in files that are committed, and are no secrets.";
    CREDENTIAL = "credential-in-spec",
        "What looks like a password, token or key stands in the spec, and would stand in files that are committed. Declare it under `secrets`, and let the service read the file or name its variable: `secrets: { API_TOKEN: { environment: API_TOKEN } }`. Where it is none, lift the rule `literal-credential` at the service with a reason.";
    VARIABLE_TWICE = "variable-twice",
        "The same environment variable is set from two sources, and which of them would win is nowhere said.";
    NO_ENTRYPOINT = "no-entrypoint",
        "What holds a secret is put into a variable by the entrypoint that forge writes into an image, and this image is not built by forge or has no shell. Use an output without a secret in it: `password_file` names the file.";
    LAYOUT = "layout",
        "A place under `layout` that cannot be: a folder of somebody else's (`.git`, `.forge`, `secrets`), a name that compose reads without being told (`compose.override.yaml`), or a compose file in another folder than the one that it is laid over: paths in compose files begin where the first of them lies.";
    PATCH = "patch",
        "A patch of the spec does not fit the file that it is for: what it names is not there, is not what it expects, or is there already. forge makes that file from the spec and its templates, and either has changed. Look at the file, then mend the patch, or take it out.";
    PATCH_BREAKS_RULE = "patch-breaks-rule",
        "With this patch, a generated file no longer keeps a hardening rule. Write the patch otherwise, or lift the rule for it: `exceptions: [{ rule: …, reason: … }]` in the patch.";
    OVERLAY_BAKED = "overlay-baked",
        "An environment cannot differ in what is baked into images, or in which services there are: all environments run the same images, and a compose overlay cannot take a service away. What is about all of them (`name`, `layout`, `patches`, `targets`, `ci`) is said once, at the top of the spec.";
    OVERLAY_NAME = "overlay-name",
        "An overlay has a name that is new, and a letter away from one that the spec has and the overlay does not name: most likely it is misspelt, and the environment goes on with production's. Mend it; where both are meant, write the other one beside it in the overlay, if only with the value that it has.";
    INHERITED_DOMAIN = "inherited-domain",
        "An environment answers to a domain of production, because its overlay does not say another. On another machine its visitors never come there, and on the same one it is in the way of production, whose certificates it asks for as well. Write a domain of its own in the overlay. If the two are meant to be the same, write production's there: then nothing is said.";
    ALIASES = "inherited-aliases",
        "An overlay gives a host another domain and says nothing of its aliases, so production's stay: their visitors would be led to this environment, with its certificate. Maps merge; write the `aliases` that it should have, or `aliases: []`.";
    NO_EFFECT = "no-effect",
        "What is written here can do nothing, because something else in the spec rules it out.";
    UNKNOWN_RULE = "unknown-rule",
        "There is no hardening rule of this name, or an exception cannot lift it here. `forge explain` lists them all.";
    UNUSED = "unused",
        "It is declared, and nothing uses it.";
    MISSING_VARIABLE = "missing-variable",
        "The program of this stack cannot do without an environment variable that only you can give, and nothing sets it. Write it under `environment`, let the operator set it (`variables`), or make a secret of it that the entrypoint puts there.";
    UNSUPPORTED = "unsupported",
        "The spec asks for something that this kind of service or backing cannot do.";
    CONTEXT = "context",
        "The folder of a build is not there, is no folder, or leads out of the project.";
    MISSING_FILE = "missing-file",
        "The build reads a file that is not in its folder. Make it, or choose the option that goes with the files that are there.";
    LOCK = "lock",
        "`forge.lock` cannot be read: a merge left its markers in it, it was edited, or a newer forge wrote it. It holds what the tags of images stand for. Take it from version control again, or delete it and run `forge lock`, which looks all of them up anew.";
    UNLOCKED = "unlocked",
        "There is a `forge.lock`, and it lacks an image that the project uses, or was not checked for a platform that the spec names. Files have the tag alone then, which can stand for something else tomorrow. `forge lock` looks up what is missing.";
    SWARM_ONLY = "swarm-only",
        "Docker compose on a host cannot use it: it is there in a Swarm alone, for `docker stack deploy`.";
    PLATFORM = "platform",
        "An image is not there for a platform that the spec names under `platforms`. Use an image or a version that is, or take the platform out of the spec.";
    NETWORK = "network",
        "A network as it is described cannot be, or not beside the others: a range that is not private, is another's as well or is too small for who is on it, an address outside of it, an option that would take its closedness away, or a name that the engine keeps for itself. `docs/networks.md` says what can stand there.";
    DATA_ON_A_FOREIGN_NETWORK = "data-on-a-foreign-network",
        "A network that others own has a database on it. forge's networks of databases lead nowhere; of this one forge does not know who else is on it, nor whether it leads out. Let a service join it instead, or lift the rule `internal-network` at the backing with a reason.";
    VOLUME_OF_THE_HOST = "volume-of-the-host",
        "A volume is a folder or a device of the host: whoever writes into it writes there, past the walls that a container has. Name a share of the network (`type: nfs`, `type: cifs`), let the engine keep the data, or lift the rule `host-volume` at the volume with a reason.";
    SHARED = "shared-between-environments",
        "Two environments would have one and the same volume, network or range of addresses. On one host, one would then write over the data of the other, or could not start. Give the environment its own in its overlay, or take production's back with `null`.";
    ENV_FILE = "env-file",
        "A line of an env file that compose refuses, or takes otherwise than it looks: a name that is none, a quote that nothing closes, a comment behind an empty value, words behind a quote; or a byte order mark and line ends of Windows, which shells take for part of names and values.";
    ENV_MISSING = "env-missing",
        "The spec declares the variable as required, and the env file has no value for it: compose refuses to start.";
    ENV_UNKNOWN = "env-unknown",
        "The env file sets a variable that no compose file of this environment asks for: it is misspelt, or was renamed, or belongs to another environment. Names of your own go between `# forge:keep variables` and `# forge:end` of the example.";
    ENV_MALFORMED = "env-malformed",
        "The value is not of the type that the spec declares for the variable. The entrypoint of an image that forge builds ends at it, before the program.";
    ENV_EXAMPLE = "env-example",
        "The value is what stands in examples: CHANGE_ME, words between angle brackets, or a host of example.com. Write the real one.";
    ENV_WEAK = "env-weak",
        "A password that can be guessed: shorter than 16 characters, or of few different ones. Passwords are better kept as files: declare them under `secrets`.";
    ENV_TWICE = "env-twice",
        "The env file sets a variable twice, and compose takes the last.";
    ENV_DOLLAR = "env-dollar",
        "Compose looks for variables behind `$` in values of an env file, unless they stand between single quotes; what it does not find is empty. Write `'…$…'`.";
    TEMPLATE = "template",
        "A file in the project's own `forge-templates/` cannot be used. Those that come with forge are tested; this one is the project's.";
}
