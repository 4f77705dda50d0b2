//! What the gateway says by itself, and what it makes of answers: error pages, maintenance, compression, the cache.

use std::collections::BTreeMap;

use crate::catalog::FolderFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Answer, Compression, Host, Maintenance, Mount, PRODUCTION, Pages, SWITCHES};
use crate::resolve::Resolver;
use crate::spec::{self, Size};

/// What the gateway answers by itself, or gets from services that are not well.
const STATUSES: [u16; 10] = [400, 401, 403, 404, 413, 429, 500, 502, 503, 504];

impl Resolver<'_> {
    pub(super) fn pages(&mut self, pages: &spec::Pages, folders: &FolderFacts, at: &Path) -> Pages {
        self.check_served(&pages.folder, &at.key("folder"));
        self.edge.mounts.insert(format!("{}/_errors", folders.pages), Mount::Bind(pages.folder.to_string()));
        let mut errors: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        for status in STATUSES {
            let group = if status < 500 { "4xx" } else { "5xx" };
            if let Some(page) = pages.errors.get(status.to_string().as_str()).or_else(|| pages.errors.get(group)) {
                errors.entry(page.to_string()).or_default().push(status);
            }
        }
        Pages { errors, intercept: pages.intercept == Some(true) }
    }

    pub(super) fn maintenance(
        &mut self,
        maintenance: &spec::Maintenance,
        pages: Option<&Pages>,
        folders: &FolderFacts,
        at: &Path,
    ) -> Maintenance {
        self.edge.mounts.insert(folders.switches.clone(), Mount::Bind(SWITCHES.to_owned()));
        let environment = self.environment.map_or(PRODUCTION, |(name, _)| name);
        Maintenance {
            retry_after: maintenance.retry_after.map_or(600, |it| it.0),
            allow: self.clients(&maintenance.allow, &at.key("allow")),
            switch: format!("{}/{environment}", folders.switches),
            has_page: pages.is_some_and(|it| it.errors.values().flatten().any(|it| *it == 503)),
        }
    }

    pub(super) fn compression(&mut self, gateway: &spec::Gateway, at: &Path) -> Compression {
        let given = gateway.compression.clone().unwrap_or_default();
        let brotli = given.brotli == Some(true);
        if brotli && gateway.image.is_none() {
            let place = Place::Key(at.key("compression").key("brotli"));
            let message = "the image nginxinc/nginx-unprivileged has no module for Brotli";
            let help = "name an image that has ngx_http_brotli_filter_module.so under `gateway: { image: … }`";
            self.error(&codes::UNSUPPORTED, place, message, help);
        }
        Compression { gzip: given.gzip.unwrap_or(true), brotli }
    }

    /// How much is kept of answers, in mebibytes; `None` where nothing is.
    pub(super) fn cache_mib(&mut self, gateway: &spec::Gateway, hosts: &[Host], at: &Path) -> Option<u64> {
        let keeps = |it: &Answer| matches!(it, Answer::Proxy(it) if it.cache.is_some());
        let used = hosts.iter().flat_map(|it| &it.routes).any(|it| keeps(&it.answer));
        let size = gateway.cache_size.unwrap_or(Size::mib(64));
        if !used {
            if gateway.cache_size.is_some() {
                let place = Place::Key(at.key("cache_size"));
                self.warning(&codes::UNUSED, place, "no route has a `cache`", "add one, or remove it");
            }
            return None;
        }
        if size.in_mib() < 16 {
            let place = Place::Value(at.key("cache_size"));
            self.error(&codes::INVALID_VALUE, place, format!("{size} is less than 16M"), "write `cache_size: 64M`");
        }
        Some(size.in_mib())
    }
}
