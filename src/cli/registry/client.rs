//! What registries say that tags stand for. The only code of forge that speaks to a network.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError as Error, OciErrorCode};
use oci_client::manifest::{OciDescriptor, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::super::Failure;
use super::{Question, Trouble, setting, timeout};
use crate::compare::digest;
use crate::credential::without_login;
use crate::lock::{Pin, is_digest};

/// How many images are asked about at a time.
const AT_A_TIME: usize = 8;

/// How long to wait before each further attempt, where trying again can help.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// An image's configuration is a few kilobytes.
const LARGEST_CONFIG: i64 = 4 << 20;

impl Question {
    fn name(&self) -> &str {
        let (Question::Tag { name, .. } | Question::Platforms { name, .. } | Question::Digest { name }) = self;
        name
    }
}

/// Asks about images, several at a time; the answers are in the order of the questions.
///
/// # Errors
/// When the environment holds settings that cannot be used.
pub(in crate::cli) fn ask(questions: Vec<Question>) -> Result<Vec<Result<Pin, Trouble>>, Failure> {
    let registries = Arc::new(Registries::new(&questions)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::io("prepare to ask registries"))?;
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let count = questions.len();
    let answers = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (at, question) in questions.into_iter().enumerate() {
            let (registries, turns) = (Arc::clone(&registries), Arc::clone(&turns));
            tasks.spawn(async move {
                let _turn = turns.acquire().await;
                (at, registries.answer(&question).await)
            });
        }
        tasks.join_all().await
    });
    // A helper that never ends is not waited for.
    runtime.shutdown_background();
    let mut sorted: Vec<Option<Result<Pin, Trouble>>> = vec![None; count];
    answers.into_iter().for_each(|(at, answer)| sorted[at] = Some(answer));
    Ok(sorted.into_iter().map(|it| it.expect("each question was answered")).collect())
}

/// A registry that is asked in place of another.
struct Mirror {
    of: String,
    host: String,
}

struct Registries {
    client: Client,
    mirrors: Vec<Mirror>,
    /// Those that are asked without TLS.
    plain: Vec<String>,
    /// What to show to whom, once it was looked up, or why there is nothing. Held while somebody looks, so that no helper
    /// is started twice.
    credentials: Mutex<HashMap<String, Result<Shown, String>>>,
    /// For an answer; there is one attempt more for each of [`PAUSES`].
    timeout: Duration,
}

impl Registries {
    /// With the settings of the environment, for these images.
    fn new(questions: &[Question]) -> Result<Registries, Failure> {
        // Fails where somebody has chosen another before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = timeout()?;
        // As Docker has it: nobody else listens to what stays on this machine.
        let hosts = questions.iter().filter_map(|it| Some(it.name().parse::<Reference>().ok()?.registry().to_owned()));
        let mut plain: Vec<String> = hosts.filter(|it| is_this_machine(it)).collect();
        let mut mirrors = Vec::new();
        for entry in setting("FORGE_REGISTRY_MIRRORS").unwrap_or_default().split(',').map(str::trim) {
            if entry.is_empty() {
                continue;
            }
            let is_host =
                |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]".contains(&it));
            let parts = entry.split_once('=').map(|(of, host)| (of.trim(), host.trim().trim_end_matches('/')));
            let (of, host) = parts.filter(|(of, _)| is_host(of)).ok_or_else(|| bad_mirror(entry))?;
            let (is_plain, host) = match host.split_once("://") {
                Some(("http", host)) => (true, host),
                Some(("https", host)) => (false, host),
                Some(_) => return Err(bad_mirror(entry)),
                None => (false, host),
            };
            if !is_host(host) {
                return Err(bad_mirror(entry));
            }
            if is_plain || is_this_machine(host) {
                plain.push(host.to_owned());
            }
            mirrors.push(Mirror { of: of.to_owned(), host: host.to_owned() });
        }
        let client = client(plain.clone(), timeout)?;
        Ok(Registries { client, mirrors, plain, credentials: Mutex::default(), timeout })
    }

    /// Asks the mirrors of a registry first, then the registry itself.
    async fn answer(&self, question: &Question) -> Result<Pin, Trouble> {
        let name = question.name();
        let reference: Reference = name.parse().map_err(|error| Trouble {
            message: format!("`{name}` is no name of an image: {error}"),
            help: "mend it where the spec, or the catalogue, has it".to_owned(),
        })?;
        let mut said = Vec::new();
        for mirror in self.mirrors.iter().filter(|it| it.of == reference.registry()) {
            let mut there = reference.clone();
            there.set_mirror_registry(mirror.host.clone());
            match self.insist(&there, question).await {
                Ok(pin) => return Ok(pin),
                Err(error) => said.push(trouble(&error, name, &mirror.host).message),
            }
        }
        let error = match self.insist(&reference, question).await {
            Ok(pin) => return Ok(pin),
            Err(error) => error,
        };
        let mut trouble = trouble(&error, name, reference.registry());
        if is_refused(&error) && self.has_token(reference.resolve_registry()).await {
            trouble.help = "Docker is logged in there with an identity token, which forge cannot use: log in with a name and an access token or password".to_owned();
        }
        said.iter().for_each(|it| trouble.message += &format!("; before that, {it}"));
        Err(trouble)
    }

    /// Asks one registry, and again where that can help.
    async fn insist(&self, reference: &Reference, question: &Question) -> Result<Pin, Error> {
        // What answers at all does so within this; a registry that sends a byte now and then is none.
        let limit = self.timeout * 2;
        let attempt = || async {
            let asked = tokio::time::timeout(limit, self.once(reference, question)).await;
            asked.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
        };
        for pause in PAUSES {
            match attempt().await {
                Err(error) if may_pass(&error) => tokio::time::sleep(pause).await,
                other => return other,
            }
        }
        attempt().await
    }

    async fn once(&self, reference: &Reference, question: &Question) -> Result<Pin, Error> {
        let auth = self.credentials(reference.resolve_registry()).await?;
        self.client.auth(reference, &auth, RegistryOperation::Pull).await?;
        match question {
            Question::Platforms { digest, .. } => {
                self.manifest(&reference.clone_with_digest(digest.clone()), &auth).await
            }
            Question::Digest { .. } => {
                let digest = self.client.fetch_manifest_digest(reference, &auth).await?;
                Ok(Pin { digest, platforms: BTreeSet::new() })
            }
            Question::Tag { known, .. } => {
                // Registries count what is fetched, and not what is only asked after.
                if let Some(known) = known.as_ref().filter(|it| !it.platforms.is_empty())
                    && self.client.fetch_manifest_digest(reference, &auth).await? == known.digest
                {
                    return Ok(known.clone());
                }
                self.manifest(reference, &auth).await
            }
        }
    }

    /// The manifest of an image: its digest, made of what came, and the platforms that it is for.
    async fn manifest(&self, reference: &Reference, auth: &RegistryAuth) -> Result<Pin, Error> {
        const ACCEPTED: [&str; 4] = [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        ];
        let (body, said) = self.client.pull_manifest_raw(reference, auth, &ACCEPTED).await?;
        let digest = format!("sha256:{}", digest(&body));
        if is_digest(&said) && said != digest {
            return Err(Error::SpecViolationError(format!("it sent {digest} and called it {said}")));
        }
        let manifest = serde_json::from_slice(&body).map_err(|error| Error::ManifestParsingError(error.to_string()))?;
        let platforms = match manifest {
            OciManifest::ImageIndex(index) => {
                let known = index.manifests.into_iter().filter_map(|it| it.platform);
                known
                    .map(|it| platform(&it.os.to_string(), &it.architecture.to_string(), it.variant.as_deref()))
                    .collect()
            }
            OciManifest::Image(image) => BTreeSet::from([self.of_config(reference, &image.config).await?]),
        };
        // Build records stand beside the images that they are of, for no platform.
        let platforms = platforms.into_iter().filter(|it| !it.starts_with("unknown/")).collect();
        Ok(Pin { digest, platforms })
    }

    /// The platform of an image that stands alone, which only its configuration says.
    async fn of_config(&self, reference: &Reference, config: &OciDescriptor) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Config {
            os: String,
            architecture: String,
            variant: Option<String>,
        }
        if config.size > LARGEST_CONFIG {
            return Err(Error::SpecViolationError(format!("its configuration has {} bytes", config.size)));
        }
        let mut text = Vec::new();
        self.client.pull_blob(reference, config, &mut text).await?;
        let config: Config =
            serde_json::from_slice(&text).map_err(|error| Error::ManifestParsingError(error.to_string()))?;
        Ok(platform(&config.os, &config.architecture, config.variant.as_deref()))
    }

    /// What Docker would show to a registry, and to no other. Nothing, where others on the way could read it.
    async fn credentials(&self, host: &str) -> Result<RegistryAuth, Error> {
        if self.plain.iter().any(|it| it == host) && !is_this_machine(host) {
            return Ok(RegistryAuth::Anonymous);
        }
        let mut known = self.credentials.lock().await;
        if !known.contains_key(host) {
            let name = host.to_owned();
            let looked = tokio::task::spawn_blocking(move || of_docker(&name));
            let shown = match tokio::time::timeout(self.timeout, looked).await {
                Ok(Ok(shown)) => shown,
                Ok(Err(_)) => Err(format!("Docker's credentials for {host} cannot be read")),
                Err(_) => Err(format!("Docker's credential helper gives no answer for {host}")),
            };
            known.insert(host.to_owned(), shown);
        }
        match &known[host] {
            Ok(Shown::Login(name, password)) => Ok(RegistryAuth::Basic(name.clone(), password.clone())),
            Ok(Shown::Nothing | Shown::Token) => Ok(RegistryAuth::Anonymous),
            Err(why) => Err(Error::GenericError(Some(why.clone()))),
        }
    }

    /// Whether Docker has a login for a registry that cannot be shown.
    async fn has_token(&self, host: &str) -> bool {
        matches!(self.credentials.lock().await.get(host), Some(Ok(Shown::Token)))
    }
}

/// What Docker has for a registry.
#[derive(Clone)]
enum Shown {
    Nothing,
    /// A name and a password.
    Login(String, String),
    /// An identity token, which would have to be exchanged first: the client cannot do that.
    Token,
}

/// The credentials that Docker has for a registry: its configuration, and the helpers that it names.
fn of_docker(host: &str) -> Result<Shown, String> {
    let home = || env::home_dir().map(|it| it.join(".docker"));
    let folder = setting("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
    let Some(config) = folder.map(|it| it.join("config.json")).filter(|it| it.is_file()) else {
        return Ok(Shown::Nothing);
    };
    check_helpers(&config)?;
    let is_hub = ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(&host);
    match get_credential(if is_hub { "https://index.docker.io/v1/" } else { host }) {
        Ok(DockerCredential::UsernamePassword(name, password)) => Ok(Shown::Login(name, password)),
        Ok(DockerCredential::IdentityToken(_)) => Ok(Shown::Token),
        Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
            Ok(Shown::Nothing)
        }
        Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
            if stdout.contains("not found") || stderr.contains("not found") =>
        {
            Ok(Shown::Nothing)
        }
        // What a helper says can hold what it was asked for.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            Err(format!("`{helper}` gives no credentials for {host}"))
        }
        Err(other) => Err(format!("Docker's credentials for {host} cannot be read: {other}")),
    }
}

/// Refuses helpers whose name is a path: such a program would be looked for below the folder that forge runs in.
fn check_helpers(config: &Path) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Helpers {
        creds_store: Option<String>,
        cred_helpers: Option<HashMap<String, String>>,
    }
    let unread = |why: String| format!("Docker's {} cannot be read: {why}", config.display());
    let text = fs::read(config).map_err(|it| unread(it.to_string()))?;
    let Helpers { creds_store, cred_helpers } = serde_json::from_slice(&text).map_err(|it| unread(it.to_string()))?;
    let plain = |it: &String| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it));
    match creds_store.iter().chain(cred_helpers.iter().flatten().map(|(_, it)| it)).find(|it| !plain(it)) {
        Some(odd) => {
            Err(format!("Docker's {} names `{}`, which is no credential helper", config.display(), odd.escape_debug()))
        }
        None => Ok(()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|it| it.is_ascii_digit())).map_or(host, |(it, _)| it);
    crate::address::is_local(name)
}

fn bad_mirror(entry: &str) -> Failure {
    Failure::input(
        format!("FORGE_REGISTRY_MIRRORS has `{}`, which is no mirror", without_login(entry).escape_debug()),
        "write `docker.io=mirror.example.com`, several with commas between them; `http://` before a mirror without TLS; credentials are those of Docker",
    )
}

/// The client, with what all of it holds to: `plain` are hosts that are asked without TLS, beside those of this machine.
fn client(plain: Vec<String>, timeout: Duration) -> Result<Client, Failure> {
    let protocol = if plain.is_empty() { ClientProtocol::Https } else { ClientProtocol::HttpsExcept(plain) };
    let config = ClientConfig {
        protocol,
        connect_timeout: Some(timeout.min(Duration::from_secs(10))),
        read_timeout: Some(timeout),
        user_agent: concat!("forge/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    Client::try_from(config).map_err(|error| {
        Failure::input(
            format!("registries cannot be asked: {error}"),
            "look at the certificates of this machine, and at its proxy settings",
        )
    })
}

/// `linux/arm/v7`. What every arm64 is has no variant.
fn platform(os: &str, architecture: &str, variant: Option<&str>) -> String {
    match variant.filter(|it| !it.is_empty() && (architecture, *it) != ("arm64", "v8")) {
        Some(variant) => format!("{os}/{architecture}/{variant}"),
        None => format!("{os}/{architecture}"),
    }
}

/// Whether the same question can have an answer a moment later.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::ServerError { code, .. } => *code == 429 || *code >= 500,
        Error::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|it| it.code == OciErrorCode::Toomanyrequests)
        }
        Error::AuthenticationFailure(said) => said.to_lowercase().contains("toomanyrequests"),
        Error::RequestError(error) => error.is_timeout() || error.is_connect() || error.is_request(),
        _ => false,
    }
}

/// Whether a registry wants to know who asks.
fn is_refused(error: &Error) -> bool {
    match error {
        Error::UnauthorizedError { .. } | Error::AuthenticationFailure(_) => true,
        Error::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|it| matches!(it.code, OciErrorCode::Unauthorized | OciErrorCode::Denied))
        }
        _ => false,
    }
}

/// What went wrong at `host`, in words, and what to do.
fn trouble(error: &Error, name: &str, host: &str) -> Trouble {
    let (what, help) = match error {
        Error::UnauthorizedError { .. } | Error::AuthenticationFailure(_) => (
            format!("{host} does not give it away"),
            format!(
                "mend its name, or log in with `docker login {host}`: registries say the same of what is private and of what is not there"
            ),
        ),
        Error::RegistryError { envelope, .. } => {
            let codes: Vec<&OciErrorCode> = envelope.errors.iter().map(|it| &it.code).collect();
            if codes.contains(&&OciErrorCode::Toomanyrequests) {
                limited(host)
            } else if codes.iter().any(|it| matches!(it, OciErrorCode::Unauthorized | OciErrorCode::Denied)) {
                (format!("{host} does not give it away"), format!("log in with `docker login {host}`"))
            } else if codes.iter().any(|it| {
                matches!(it, OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound)
            }) {
                missing(host)
            } else {
                let said: Vec<String> =
                    envelope.errors.iter().map(|it| it.message.escape_debug().to_string()).collect();
                (format!("{host} refuses: {}", said.join("; ")), "ask whoever runs the registry".to_owned())
            }
        }
        Error::ServerError { code: 404, .. } => missing(host),
        Error::ServerError { code: 429, .. } => limited(host),
        Error::ServerError { code, .. } => (format!("{host} answers with {code}"), "try again later".to_owned()),
        Error::DigestError(error) => (
            format!("what {host} sent is not what it calls it: {error}"),
            "something between here and the registry changes what it sends: look at proxies and mirrors".to_owned(),
        ),
        Error::SpecViolationError(said) => (
            format!("{host} answers as no registry does: {}", said.escape_debug()),
            "something between here and the registry changes what it sends: look at proxies and mirrors".to_owned(),
        ),
        Error::RequestError(error) => unreachable_host(error, host),
        Error::IoError(_) => slow(host),
        Error::GenericError(Some(said)) => {
            (said.clone(), "run `docker login` again, or mend Docker's config.json".to_owned())
        }
        other => (
            format!("{host} answers as no registry does: {}", other.to_string().escape_debug()),
            "is this a registry?".to_owned(),
        ),
    };
    Trouble { message: format!("`{name}`: {what}"), help }
}

fn missing(host: &str) -> (String, String) {
    (format!("{host} has no such image"), "mend its name or tag".to_owned())
}

fn limited(host: &str) -> (String, String) {
    let help = format!(
        "log in with `docker login {host}`, which has a higher limit; use a mirror (FORGE_REGISTRY_MIRRORS); or wait"
    );
    (format!("{host} answers no more for now: its limit is reached"), help)
}

fn slow(host: &str) -> (String, String) {
    let help =
        "try again; look at the proxy settings (HTTPS_PROXY, NO_PROXY), or raise FORGE_REGISTRY_TIMEOUT (seconds)";
    (format!("{host} does not answer in time"), help.to_owned())
}

/// Why no answer came at all: the innermost reason says it.
fn unreachable_host(error: &(dyn std::error::Error + 'static), host: &str) -> (String, String) {
    let mut said = Vec::new();
    let mut next = Some(error);
    while let Some(it) = next {
        said.push(it.to_string());
        next = it.source();
    }
    let all = said.join(": ").to_lowercase();
    let reason = said.last().map(|it| it.escape_debug().to_string()).unwrap_or_default();
    if all.contains("timed out") || all.contains("timeout") {
        slow(host)
    } else if all.contains("dns error") || all.contains("lookup address") {
        (
            format!("there is no host {host}: {reason}"),
            "mend the name; look at the network and its proxy settings".to_owned(),
        )
    } else if all.contains("certificate") {
        let help = "have this machine trust the certificate, or name a file with it in SSL_CERT_FILE";
        (format!("the certificate of {host} is not trusted: {reason}"), help.to_owned())
    } else {
        (
            format!("{host} cannot be reached: {reason}"),
            "look at the network, and at the proxy settings (HTTPS_PROXY, NO_PROXY)".to_owned(),
        )
    }
}
