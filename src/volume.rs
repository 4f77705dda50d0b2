//! What the options of a volume lead to: a share of the network, or the host itself. Both specs and compose files of others
//! are asked about it.

/// File systems that lie elsewhere, or in memory.
const ELSEWHERE: [&str; 6] = ["nfs", "nfs4", "cifs", "smb3", "ceph", "tmpfs"];

/// Flags of a mount that make a folder of the host of it, whatever its type says, or change one that is there.
const FLAGS: [&str; 4] = ["bind", "rbind", "remount", "move"];

/// What of the host a volume is, in words; `None` where it is nothing of it. `option` gives the driver's options by name.
pub fn of_host<'a>(driver: &str, option: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let word = |name: &str| option(name).map(|it| it.trim().to_lowercase()).filter(|it| !it.is_empty());
    // A plugin of which it is known.
    if let Some(folder) = word("mountpoint").filter(|it| it.starts_with('/')) {
        return Some(format!("the folder `{folder}` of the host"));
    }
    if driver != "local" {
        return None;
    }
    let device = option("device").unwrap_or_default().trim();
    let flags = word("o").unwrap_or_default();
    if let Some(flag) = flags.split(',').map(str::trim).find(|it| FLAGS.contains(it)) {
        return Some(format!("a folder of the host, by `{flag}`"));
    }
    let kind = word("type")?;
    if !ELSEWHERE.contains(&kind.as_str()) {
        return Some(format!("a mount of the type `{kind}`, which lies on the host"));
    }
    let of_share = kind != "tmpfs" && device.starts_with('/') && !device.starts_with("//");
    of_share.then(|| format!("`{device}` of the host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(driver: &str, options: &[(&'static str, &'static str)]) -> Option<String> {
        of_host(driver, |name| options.iter().find(|(it, _)| *it == name).map(|(_, it)| *it))
    }

    #[test]
    fn shares_of_the_network_and_memory_are_nothing_of_the_host() {
        for options in [
            &[][..],
            &[("type", "nfs"), ("o", "addr=10.0.0.9,rw"), ("device", ":/exports/a")],
            &[("type", "nfs4"), ("o", "addr=10.0.0.9"), ("device", "10.0.0.9:/a")],
            &[("type", "cifs"), ("o", "addr=files.example.com,vers=3.0"), ("device", "//files.example.com/a")],
            &[("type", "tmpfs"), ("o", "size=100m,uid=1000"), ("device", "tmpfs")],
        ] {
            assert_eq!(of("local", options), None, "{options:?}");
        }
        assert_eq!(of("vieux/sshfs:latest", &[("sshcmd", "a@b:/c")]), None);
    }

    #[test]
    fn folders_and_devices_of_the_host_are_found_in_every_disguise() {
        for options in [
            &[("type", "none"), ("o", "bind"), ("device", "/etc")][..],
            &[("type", "NONE"), ("o", "ro, Bind"), ("device", "/etc")],
            &[("type", "nfs"), ("o", "addr=1.2.3.4,bind"), ("device", "/etc")],
            &[("type", "nfs"), ("o", "rbind"), ("device", ":/a")],
            &[("o", " bind "), ("device", "/etc")],
            &[("type", "ext4"), ("device", "/dev/sdb1")],
            &[("type", " ext4 "), ("device", "LABEL=data")],
            &[("type", "overlay"), ("o", "lowerdir=/etc,upperdir=/a,workdir=/b"), ("device", "overlay")],
            &[("type", "nfs"), ("o", "addr=1.2.3.4"), ("device", " /dev/sda ")],
            &[("type", "tmpfs"), ("o", "remount"), ("device", "tmpfs")],
        ] {
            assert!(of("local", options).is_some(), "{options:?}");
        }
        assert!(of("local-persist", &[("mountpoint", "/etc")]).is_some());
    }
}
