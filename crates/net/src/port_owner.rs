use std::fs;
use std::path::Path;

/// The process that listens on a TCP port, such as `process 4711 (java)`.
///
/// Linux only, and only for processes this one may look at.
pub fn port_owner(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let pid = process_with_socket(&inode)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match name.trim() {
        "" => Some(format!("process {pid}")),
        name => Some(format!("process {pid} ({name})")),
    }
}

/// Finds the line in state LISTEN (0A) with this local port; gives its inode.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        (local.ends_with(&wanted) && state == "0A").then(|| inode.to_owned())
    })
}

fn process_with_socket(inode: &str) -> Option<u32> {
    let link = format!("socket:[{inode}]");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        has_descriptor(&entry.path().join("fd"), &link).then_some(pid)
    })
}

fn has_descriptor(folder: &Path, link: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries
        .flatten()
        .any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_line_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     \x20  0: 0100007F:0885 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 11 1\n\
                     \x20  1: 0100007F:0885 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n";
        assert_eq!(listening_inode(table, 2181).as_deref(), Some("4242"));
        assert_eq!(listening_inode(table, 2182), None);
    }
}
