//! The memory of a process and of what it started.

use std::collections::BTreeMap;
use std::io;

use fs_err as fs;

const PROC: &str = "/proc";

/// The resident bytes of a process and all its descendants: Envoy may run below a wrapper.
///
/// # Errors
/// When `/proc` cannot be read, as where there is no Linux.
pub fn resident(root: u32) -> io::Result<u64> {
    let mut processes = BTreeMap::new();
    let entries = fs::read_dir(PROC).map_err(|error| {
        io::Error::new(error.kind(), format!("{PROC}, which tells the memory of processes on Linux: {error}"))
    })?;
    for entry in entries {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while it is looked at.
        let status = fs::read_to_string(format!("{PROC}/{pid}/status")).unwrap_or_default();
        let field = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        processes.insert(pid, (field("PPid:").unwrap_or(0), field("VmRSS:").unwrap_or(0) * 1024));
    }
    let descends = |mut pid: u32| loop {
        if pid == root {
            return true;
        }
        match processes.get(&pid).and_then(|(parent, _)| u32::try_from(*parent).ok()) {
            Some(parent) if parent != 0 => pid = parent,
            _ => return false,
        }
    };
    Ok(processes.iter().filter(|(pid, _)| descends(**pid)).map(|(_, (_, bytes))| bytes).sum())
}
