//! The networks, volumes and logs of a compose file.

use std::collections::BTreeMap;

use super::text;
use crate::project::{Logging, Network, Project, Reach};
use crate::render::tree::{Entry, Tree, entry};

/// A network without a way out, about which nothing else is said.
pub(super) fn internal() -> Tree {
    Tree::flow_map(closed(&BTreeMap::new()))
}

fn closed(more: &BTreeMap<String, String>) -> Vec<Entry> {
    let mut options = more.clone();
    options.insert("com.docker.network.bridge.inhibit_ipv4".to_owned(), "true".to_owned());
    vec![entry("internal", Tree::Bool(true)), entry("driver_opts", texts(&options))]
}

fn texts(them: &BTreeMap<String, String>) -> Tree {
    Tree::flow_map(them.iter().map(|(name, it)| entry(name.clone(), text(it))))
}

pub(super) fn networks(project: &Project) -> Tree {
    let of_service = |name: &str| project.containers.values().any(|it| name == format!("{}-egress", it.name));
    Tree::map(project.networks.iter().map(|(name, network)| {
        let it = entry(name.clone(), network_of(network));
        match (network.reach, name.as_str()) {
            (Reach::External, _) => it.comment("others own it: never made nor removed from here"),
            (Reach::Loopback, _) => {
                it.comment("for ports on the loopback address: without masquerade nothing out there answers")
            }
            (Reach::Out, "gateway") => it.comment("not internal: there, published ports silently do nothing"),
            (Reach::Out, name) if of_service(name) => it.comment("a way out, for one service alone"),
            (Reach::Out, _) => it.comment("a way out: others run this one"),
            (Reach::Internal, _) => it,
        }
    }))
}

fn network_of(network: &Network) -> Tree {
    let mut entries = Vec::new();
    match network.reach {
        Reach::Internal => entries.extend(closed(&network.options)),
        Reach::External => entries.push(entry("external", Tree::Bool(true))),
        Reach::Loopback => {
            let mut options = network.options.clone();
            options.insert("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned());
            entries.push(entry("driver_opts", texts(&options)));
        }
        Reach::Out if network.options.is_empty() => {}
        Reach::Out => entries.push(entry("driver_opts", texts(&network.options))),
    }
    if network.ipv6 && network.reach == Reach::Out {
        entries.push(entry("enable_ipv6", Tree::Bool(true)));
    }
    if let Some(name) = &network.name {
        entries.push(entry("name", text(name)));
    }
    if let Some(subnet) = &network.subnet {
        let mut range = vec![entry("subnet", text(subnet))];
        range.extend(network.gateway.as_ref().map(|it| entry("gateway", text(it))));
        entries.push(entry("ipam", Tree::flow_map([entry("config", Tree::flow_list([Tree::flow_map(range)]))])));
    }
    if !network.labels.is_empty() {
        entries.push(entry("labels", texts(&network.labels)));
    }
    Tree::flow_map(entries)
}

pub(super) fn volumes(project: &Project) -> Tree {
    Tree::map(project.volumes.iter().map(|(name, volume)| {
        let mut entries = Vec::new();
        if volume.external {
            entries.push(entry("external", Tree::Bool(true)));
        }
        entries.extend(volume.name.as_ref().map(|it| entry("name", text(it))));
        entries.extend(volume.driver.as_ref().map(|it| entry("driver", text(it))));
        if !volume.options.is_empty() {
            entries.push(entry("driver_opts", texts(&volume.options)));
        }
        if !volume.labels.is_empty() {
            entries.push(entry("labels", texts(&volume.labels)));
        }
        let it = entry(name.clone(), Tree::flow_map(entries));
        match volume.lifted.get("host-volume") {
            Some(reason) => it.comment(format!("exception host-volume: {reason}")),
            None if volume.external => it.comment("others own it: never made nor removed from here"),
            None => it,
        }
    }))
}

pub(super) fn logging(logging: &Logging) -> Tree {
    let mut options = logging.options.clone();
    options.extend(logging.max_size.map(|it| ("max-size".to_owned(), it.to_string().to_lowercase())));
    options.extend(logging.max_files.map(|it| ("max-file".to_owned(), it.to_string())));
    let mut entries = vec![entry("driver", text(&logging.driver))];
    if !options.is_empty() {
        entries.push(entry("options", texts(&options)));
    }
    Tree::flow_map(entries)
}
